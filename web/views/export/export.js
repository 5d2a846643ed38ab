/** The export of the own data: requesting it, waiting for it, and downloading it. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { belowBase } from "../../base.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { FormProblem } from "../../parts/field.js";
import { Spinner } from "../../parts/list.js";
import { Time } from "../../parts/text.js";
import { Head } from "../../parts/view.js";
import { t } from "../../words/words.js";

const POLL_MS = 2_000;

export default function ExportView() {
  const [found, setFound] = useState(/** @type {Export | null | undefined} */ (undefined));
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  /** @param {() => Promise<Export>} ask */
  const load = async (ask) => {
    try {
      setFound(await ask());
      setProblem(null);
    } catch (error) {
      const refusal = asProblem(error);
      if (refusal.status === 404) setFound(null);
      else setProblem(refusal);
    }
  };
  const collecting = found?.state === "collecting";
  useEffect(() => void load(api.exportState), []);
  useEffect(() => {
    if (!collecting) return;
    const timer = setInterval(() => load(api.exportState), POLL_MS);
    return () => clearInterval(timer);
  }, [collecting]);
  return html`
    <section class="page">
      ${h(Head, { title: t("export.title"), backTo: "/settings" })}
      <div class="card">
        <p>${t("export.text")}</p>
        ${found === undefined && !problem && h(Spinner, {})}
        ${collecting && html`<p class="note" role="status">${t("export.collecting")}</p>`}
        ${found?.url && html`
          <p class="note" role="status">${t("export.ready")} ${found.expires_at && html`${t("export.until")} ${h(Time, { iso: found.expires_at })}`}</p>
          <div class="form-actions"><a class="button" download="shutter-export.zip" href=${belowBase(found.url)}>${t("export.download")}</a></div>`}
        ${h(FormProblem, { problem, fields: [] })}
        ${(found === null || found?.state === "ready") && html`
          <div class="form-actions"><button type="button" class="button ${found ? "button-quiet" : ""}" onClick=${() => load(api.beginExport)}>${t(found ? "export.again" : "export.begin")}</button></div>`}
      </div>
    </section>`;
}
