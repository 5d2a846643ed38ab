/** Making a post: first the photos and what is seen on them, then the caption, while the photos are being sent. */

import { useEffect, useState } from "preact/hooks";
import { html, h } from "../../html.js";
import { Head } from "../../parts/view.js";
import { loadShots, sendShots, shots } from "../../state/uploads.js";
import { t } from "../../words/words.js";
import { Chooser } from "./chooser.js";
import { Publish } from "./publish.js";
import { ShotList } from "./shot-list.js";

export default function Compose() {
  const [step, setStep] = useState(/** @type {"photos" | "caption"} */ ("photos"));
  useEffect(() => {
    void loadShots().then(() => {
      if (shots.peek().some((shot) => ["waiting", "sending", "sent", "failed"].includes(shot.state))) setStep("caption");
    });
  }, []);
  const list = shots.value;
  const refused = list.some((shot) => shot.state === "refused");
  const goOn = () => {
    sendShots();
    setStep("caption");
    document.querySelector("main h1")?.scrollIntoView({ block: "nearest" });
  };
  if (step === "caption" && list.length) return h(Publish, { onBack: () => setStep("photos") });
  return html`
    <section class="page compose">
      ${h(Head, { title: t("compose.title"), backTo: "/" })}
      ${h(Chooser, { many: list.length })}
      ${h(ShotList, { list })}
      ${list.length > 0 && html`
        <p class="hint">${list.some((shot) => !shot.alt.trim()) ? t("compose.alt.why") : t("compose.alt.thanks")}</p>
        ${refused && html`<p class="problem" role="alert">${t("compose.refused")}</p>`}
        <div class="form-actions"><button type="button" class="button button-large" disabled=${refused} onClick=${goOn}>${t("compose.next")}</button></div>`}
    </section>`;
}
