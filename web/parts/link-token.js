/** The token of a link that was sent by mail. */

/** Takes it from after `#`, and removes it from the address: nobody copies it with the address, or goes back to it. */
export function takeLinkToken() {
  const token = location.hash.slice(1);
  if (token) history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}
