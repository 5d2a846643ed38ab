/** Writing a post: first the photos and their descriptions, then the caption, while the photos are uploaded. */

import { useEffect, useState } from "preact/hooks";
import { html, h } from "../../html.js";
import { Chooser } from "../../parts/chooser.js";
import { LocalPhoto } from "../../parts/local-photo.js";
import { ShotList } from "../../parts/shot-list.js";
import { Head } from "../../parts/view.js";
import { choose, describe, keepCamera, loadShots, move, sendShots, shots, take } from "../../state/uploads.js";
import { t } from "../../words/words.js";
import { Publish } from "./publish.js";

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
  const items = list.map(({ key, alt, preview, reason, file }) => ({
    key, alt, picture: h(LocalPhoto, { src: preview, alt }),
    more: reason && html`<p class="problem" role="alert"><bdi>${file.name}</bdi>: ${reason}</p>`,
  }));
  if (step === "caption" && list.length) return h(Publish, { onBack: () => setStep("photos") });
  return html`
    <section class="page compose">
      ${h(Head, { title: t("compose.title"), backTo: "/" })}
      ${h(Chooser, { many: list.length, onChoose: (files) => void choose(files) })}
      ${h(ShotList, { items, onMove: move, onDescribe: describe, onRemove: take })}
      ${list.length > 0 && html`
        <p class="hint">${list.some((shot) => !shot.alt.trim()) ? t("compose.alt.why") : t("compose.alt.thanks")}</p>
        <label class="check"><input type="checkbox" checked=${list.every((shot) => shot.keepsCamera)} onChange=${(/** @type {any} */ event) => keepCamera(event.target.checked)} /> ${t("compose.camera")}</label>
        <p class="hint">${t("compose.camera.why")}</p>
        ${refused && html`<p class="problem" role="alert">${t("compose.refused")}</p>`}
        <div class="form-actions"><button type="button" class="button button-large" disabled=${refused} onClick=${goOn}>${t("compose.next")}</button></div>`}
    </section>`;
}
