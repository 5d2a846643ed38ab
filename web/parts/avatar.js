/** The avatar of a user, or the first letter of the name on a constant colour. */

import { useState } from "preact/hooks";
import { html } from "../html.js";
import { useTurn } from "./loading-order.js";

const HUES = 12;

/** @param {{person: {id: string, name?: string | null, avatar_url: string | null, deleted?: boolean}, size?: "small" | "medium" | "large"}} props */
export function Avatar({ person, size = "medium" }) {
  const [lost, setLost] = useState("");
  const turn = useTurn();
  const url = person.avatar_url;
  const hue = [...person.id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) % HUES;
  return html`
    <span class="avatar avatar-${size} hue-${hue} ${person.deleted ? "avatar-deleted" : ""}" aria-hidden="true">
      ${url && url !== lost
        ? turn && html`<img src=${url} alt="" width="160" height="160" decoding="async" loading="lazy" fetchpriority="low" onError=${() => setLost(url)} />`
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
