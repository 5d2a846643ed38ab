/** Choosing and removing one's picture. */

import { useRef, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Avatar } from "../../parts/avatar.js";
import { toast, toastProblem } from "../../parts/toast.js";
import { adopt } from "../../session.js";
import { reasonAgainst } from "../../state/limits.js";
import { upload } from "../../upload.js";
import { t } from "../../words/words.js";

/** @param {{me: Account}} props */
export function AvatarForm({ me }) {
  const picker = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [share, setShare] = useState(/** @type {number | null} */ (null));
  /** @param {() => Promise<Account>} act @param {string} done */
  const run = async (act, done) => {
    setShare(0);
    try {
      await adopt(await act());
      toast(done);
    } catch (error) {
      toastProblem(error);
    } finally {
      setShare(null);
    }
  };
  /** @param {any} event */
  const onChange = async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    const reason = await reasonAgainst(file);
    if (reason) toast(reason, { tone: "bad" });
    else await run(() => upload("PUT", "/users/me/avatar", file, { name: file.name, onProgress: setShare }), t("settings.avatar.done"));
  };
  return html`
    <div class="avatar-form">
      ${h(Avatar, { person: me, size: "large" })}
      <input ref=${picker} type="file" hidden accept="image/*,.heic,.heif" onChange=${onChange} />
      <div class="form-actions">
        <button type="button" class="button button-quiet" disabled=${share !== null} onClick=${() => picker.current?.click()}>${t("settings.avatar.choose")}</button>
        ${me.avatar_url && html`<button type="button" class="button button-quiet" disabled=${share !== null} onClick=${() => run(api.removeAvatar, t("settings.avatar.removed"))}>${t("settings.avatar.remove")}</button>`}
      </div>
      ${share !== null && html`<progress max="1" value=${share} aria-label=${t("settings.avatar.progress")}></progress>`}
    </div>`;
}
