/** Searching users by the prefix of their name or nickname. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Icon } from "../../parts/icon.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { PersonRow } from "../../parts/person.js";
import { announce } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { replaceAddress } from "../../router.js";
import { List } from "../../state/lists.js";
import { t } from "../../words/words.js";

const PAUSE_MS = 200;

/** @param {{query: URLSearchParams}} props */
export default function Search({ query }) {
  const [text, setText] = useState(query.get("q") ?? "");
  return html`
    <section class="page">
      ${h(Head, { title: t("search.title") })}
      <form class="search" role="search" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
        ${h(Icon, { name: "search" })}
        <input type="search" value=${text} autocomplete="off" spellcheck=${false} dir="auto" aria-label=${t("search.label")} placeholder=${t("search.label")}
          onInput=${(/** @type {any} */ event) => setText(event.target.value)} />
      </form>
      ${h(Found, { text: text.trim() })}
    </section>`;
}

/** @param {{text: string}} props */
function Found({ text }) {
  const [list, setList] = useState(/** @type {List<Profile> | null} */ (null));
  useEffect(() => {
    replaceAddress(text ? `/search?q=${encodeURIComponent(text)}` : "/search");
    if (!text) return setList(null);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const fresh = new List((cursor) => api.people(text, cursor, stop.signal));
      await fresh.more(true);
      if (stop.signal.aborted || asProblem(fresh.problem.value).code === "cancelled") return;
      setList(fresh);
      announce(t("search.found", { count: fresh.items.value.length }));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  if (!list) return h(Empty, { icon: "search", title: t("search.empty") });
  return html`
    <ul class="plain-list people">${list.items.value.map((person) => h(PersonRow, { key: person.id, person }))}</ul>
    ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "person", title: t("search.nobody", { text }) }) })}`;
}
