/** The choice of who may begin a conversation with the user; stored at once. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Spinner } from "../../parts/list.js";
import { toast, toastProblem } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { explain, knows, t } from "../../words/words.js";

const CHOICES = /** @type {const} */ (["everyone", "following", "nobody"]);

export default function MessageSettingsView() {
  const [chosen, setChosen] = useState(/** @type {MessageSettings["from"] | null} */ (null));
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const load = () => {
    setProblem(null);
    api.messageSettings().then(({ from }) => setChosen(from), (error) => setProblem(asProblem(error)));
  };
  useEffect(load, []);
  /** @param {MessageSettings["from"]} from */
  const choose = async (from) => {
    setChosen(from);
    try {
      await api.changeMessageSettings({ from });
      toast(t("settings.saved"));
    } catch (error) {
      setChosen(chosen);
      toastProblem(error);
    }
  };
  const ready = chosen && knows("writers.everyone");
  return html`
    <section class="page">
      ${h(Head, { title: t("writers.title"), backTo: "/settings" })}
      ${problem && html`<p class="problem" role="alert">${explain(problem)} <button type="button" class="link" onClick=${load}>${t("retry")}</button></p>`}
      ${!problem && !ready && h(Spinner, {})}
      ${ready && html`
        <fieldset class="card form">
          <legend class="visually-hidden">${t("writers.title")}</legend>
          ${CHOICES.map((each) => html`
            <label key=${each} class="check"><input type="radio" name="senders" value=${each} checked=${each === chosen} onChange=${() => choose(each)} /> ${t(`writers.${each}`)}</label>`)}
          <p class="quiet">${t("writers.everyone.hint")} ${t("writers.text")}</p>
        </fieldset>`}
    </section>`;
}
