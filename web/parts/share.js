/** The button that shares a post in a conversation. */

import { useState } from "preact/hooks";
import { h, html } from "../html.js";
import { account } from "../session.js";
import { t } from "../words/words.js";
import { Icon } from "./icon.js";
import { useLazy } from "./lazy.js";

/** @param {{post: Post}} props */
export function ShareButton({ post }) {
  const [open, setOpen] = useState(false);
  const dialog = useLazy(() => import("./share-dialog.js"), open);
  if (!account.value) return null;
  return html`
    <button type="button" class="icon-button" aria-label=${t("share.label")} aria-haspopup="dialog" onClick=${() => setOpen(true)}>${h(Icon, { name: "share" })}</button>
    ${open && dialog && h(dialog.ShareDialog, { post, onClose: () => setOpen(false) })}`;
}
