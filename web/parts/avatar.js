/** The picture of a person, or their first letter on a colour that stays theirs. */

import { useState } from "preact/hooks";
import { html } from "../html.js";

const HUES = 12;

/** @param {{person: {id: string, name?: string | null, avatar_url: string | null, deleted?: boolean}, size?: "small" | "medium" | "large"}} props */
export function Avatar({ person, size = "medium" }) {
  const [lost, setLost] = useState("");
  const url = person.avatar_url;
  const hue = [...person.id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) % HUES;
  return html`
    <span class="avatar avatar-${size} hue-${hue} ${person.deleted ? "avatar-deleted" : ""}" aria-hidden="true">
      ${url && url !== lost
        ? html`<img src=${url} alt="" width="160" height="160" decoding="async" onError=${() => setLost(url)} />`
        : html`<span>${first(person.name ?? "")}</span>`}
    </span>`;
}

/** @param {string} name @returns {string} the first character as people count them */
function first(name) {
  if (!name) return "–";
  if (!("Segmenter" in Intl)) return [...name][0].toUpperCase();
  const [segment] = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(name);
  return segment.segment.toUpperCase();
}
