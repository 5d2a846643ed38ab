/**
 * Completes "@" and the beginning of a nickname or a name in a text area, by a list of at most five people at it.
 * The pattern is that of a combobox with a list box; a text area keeps the role of a text box, as ARIA in HTML says.
 */

import { render } from "preact";
import * as api from "../api.js";
import { h, html } from "../html.js";
import { account } from "../session.js";
import { t } from "../words/words.js";
import { Avatar } from "./avatar.js";
import { announce } from "./toast.js";

const MOST = 5;
const PAUSE_MS = 150;
const HIGH = 270;
const ID = "mention-list";
const BEGUN = /(?<![\p{L}\p{M}\p{N}_])[@﹫＠]([\p{L}\p{M}\p{N}_.]{1,30})$/u;

const place = document.createElement("div");
/** @type {HTMLTextAreaElement} */
let area;
/** @type {(Profile | UserRef)[]} */
let people = [];
let active = 0;
let latest = 0;

/** Show who may be meant, if a mention is being written before the caret. @param {HTMLTextAreaElement} field */
export async function look(field) {
  const mine = ++latest;
  area = field;
  const begun = beginning();
  if (!begun) return show([]);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  if (mine !== latest) return;
  const text = begun.toLowerCase();
  const [known, found] = await Promise.all([followed(), api.people(text).then(({ items }) => items, () => [])]);
  if (mine !== latest || document.activeElement !== field) return;
  const first = known.filter((each) => [each.nickname, each.name].some((name) => name?.toLowerCase().startsWith(text)));
  const others = found.filter((each) => first.every(({ id }) => id !== each.id));
  show([...first, ...others].slice(0, MOST));
  announce(people.length ? t("search.found", { count: people.length }) : "");
}

const beginning = () => BEGUN.exec(area.value.slice(0, area.selectionEnd))?.[1];

/** The last 100 whom the user has followed, once. @type {{id?: string, people?: Promise<UserRef[]>}} */
const kept = {};
function followed() {
  const id = account.peek()?.id ?? "";
  if (kept.id !== id) Object.assign(kept, { id, people: api.following(id, null, 100).then(({ items }) => items, () => []) });
  return kept.people ?? [];
}

/** @param {(Profile | UserRef)[]} found @param {number} [chosen] */
function show(found, chosen = 0) {
  [people, active] = [found, chosen];
  const open = found.length > 0;
  for (const [name, value] of [["aria-autocomplete", "list"], ["aria-controls", ID], ["aria-activedescendant", `${ID}-${active}`]]) {
    if (open) area.setAttribute(name, value);
    else area.removeAttribute(name);
  }
  if (open) area.after(place);
  const { left, top, bottom, width } = area.getBoundingClientRect();
  const beside = bottom + HIGH > innerHeight ? { bottom: `${innerHeight - top}px` } : { top: `${bottom}px` };
  render(open && html`
    <ul class="menu-list mention-list" id=${ID} role="listbox" aria-label=${t("mention.list")} style=${{ left: `${left}px`, maxWidth: `${width}px`, ...beside }}>
      ${found.map((person, index) => html`
        <li key=${person.id} class="menu-entry" id=${`${ID}-${index}`} role="option" aria-selected=${index === active ? "true" : "false"}
          onPointerDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => choose(person)}>
          ${h(Avatar, { person, size: "small" })}<span class="person-text"><bdi>${person.name}</bdi><span class="quiet">@${person.nickname}</span></span></li>`)}
    </ul>`, place);
}

/** @param {Profile | UserRef} person */
function choose(person) {
  show([]);
  area.blur(); // ends the composition of a syllable
  area.focus();
  const end = area.selectionEnd;
  area.setSelectionRange(end - (beginning()?.length ?? 0), end);
  document.execCommand("insertText", false, `${person.nickname} `); // can be undone, and is an input as any other
}

// Before the handlers of the field. Keys of a composition (Hangul) belong to it; Safari marks its last one only by 229.
document.addEventListener("keydown", (event) => {
  if (!people.length || event.target !== area || event.isComposing || event.keyCode === 229) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) show(people, (active + step + people.length) % people.length);
  else if (event.key === "Enter" || event.key === "Tab") choose(people[active]);
  else if (event.key === "Escape") show([]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("selectionchange", () => people.length && !beginning() && show([]));
document.addEventListener("focusout", () => {
  latest++;
  if (people.length) show([]);
});
