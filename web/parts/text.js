/** What people wrote, with addresses as links. Only http and https become links; nothing is ever taken for markup. */

import { html } from "../html.js";
import { ago, full } from "../words/words.js";

const ADDRESS = /(https?:\/\/[^\s<>"'`\u200e\u200f\u202a-\u202e\u2066-\u2069]+)/gi;
const LAST = /[.,:;!?)\]}…]+$/;

/** @param {{text: string}} props */
export function UserText({ text }) {
  return html`<span class="user-text" dir="auto">${text.split(ADDRESS).map((part, index) => (index % 2 ? link(part) : part))}</span>`;
}

/** @param {string} written */
function link(written) {
  const rest = LAST.exec(written)?.[0] ?? "";
  const address = rest ? written.slice(0, -rest.length) : written;
  if (!URL.canParse?.(address)) return written;
  return [html`<a href=${address} target="_blank" rel="noopener noreferrer nofollow ugc">${address}</a>`, rest];
}

/** @param {{iso: string}} props */
export const Time = ({ iso }) => html`<time dateTime=${iso} title=${full(iso)}>${ago(iso)}</time>`;
