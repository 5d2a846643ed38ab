/** Text of users, with URLs, tags and mentions as links. Only http and https become links; nothing is interpreted as markup. */

import { html } from "../html.js";
import { ago, full } from "../words/words.js";

const ADDRESS = /(https?:\/\/[^\s<>"'`\u200e\u200f\u202a-\u202e\u2066-\u2069]+)/gi;
const LAST = /[.,:;!?)\]}…]+$/;
const ENTITY = /([#﹟＃][\p{L}\p{M}\p{N}\p{Pc}\u00b7\u200c\u200d]+|[@﹫＠][\w.]+)/u;

/**
 * `tags` and `mentions` are those that the server has found: what looks like one of them is a link.
 * @param {{text: string, tags?: string[], mentions?: UserRef[]}} props
 */
export function UserText({ text, tags = [], mentions = [] }) {
  /** @param {string} part */
  const plain = (part) =>
    tags.length || mentions.length
      ? part.split(ENTITY).map((each, index) => (index % 2 ? entity(each, tags, mentions) : each))
      : part;
  return html`<span class="user-text" dir="auto">${text.split(ADDRESS).map((part, index) => (index % 2 ? link(part) : plain(part)))}</span>`;
}

/** @param {string} written with its sign @param {string[]} tags @param {UserRef[]} mentions */
function entity(written, tags, mentions) {
  const word = written.slice(1);
  if (/^[#﹟＃]/.test(written)) {
    // Upper case first: it makes of ß what the comparison of the server does.
    const tag = word.normalize("NFKC").toUpperCase().toLowerCase().replace(/[\u200c\u200d]/g, "").normalize("NFKC");
    return tags.includes(tag) ? html`<a href=${`/tags/${encodeURIComponent(tag)}`}>${written}</a>` : written;
  }
  const end = word.replace(/\.+$/, "");
  const name = [word, end].find((each) => mentions.some((person) => person.nickname === each.toLowerCase()));
  if (name === undefined) return written;
  return [html`<a href=${`/@${name.toLowerCase()}`}>${written[0]}${name}</a>`, word.slice(name.length)];
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
