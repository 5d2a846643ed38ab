/** The messages of a room. The newest are at the bottom; older ones are loaded on scrolling up. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../../html.js";
import { Icon } from "../../parts/icon.js";
import { Spinner } from "../../parts/list.js";
import { toast } from "../../parts/toast.js";
import { account } from "../../session.js";
import { conversationOf } from "../../state/conversation.js";
import { discard, pending, retry } from "../../state/outbox.js";
import { readUpTo } from "../../state/rooms.js";
import { day, explain, t } from "../../words/words.js";
import { Bubble, PendingBubble } from "./bubble.js";

const NEAR_TOP = 600;
const NEAR_END = 80;
const HIGHLIGHT_MS = 2000;

/** @param {{room: Room, found: string | null, onAnswer: ((message: Message) => void) | null}} props `found` is the id of a message to show */
export function Log({ room, found, onAnswer }) {
  const conversation = conversationOf(room.id);
  const messages = conversation.messages.value;
  const waiting = pending.value.filter((each) => each.roomId === room.id);
  const [below, setBelow] = useState(false);
  const [highlit, setHighlit] = useState("");
  const whole = conversation.atEnd.value;
  const { log, atEnd, toEnd } = useStickyEnd(messages, waiting.length, whole, () => setBelow(true));
  const last = messages.at(-1);
  const state = conversation.state.value;

  useEffect(() => {
    const look = () => {
      if (last && room.unread_count && whole && document.visibilityState === "visible" && atEnd.current) void readUpTo(room.id, last.id);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [last?.id, room.unread_count, whole]);

  const onScroll = () => {
    const box = /** @type {HTMLElement} */ (log.current);
    atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
    if (atEnd.current) {
      setBelow(false);
      if (!whole) void conversation.newer();
      else if (last && room.unread_count) void readUpTo(room.id, last.id);
    }
    if (box.scrollTop < NEAR_TOP && state === "ready") void conversation.older();
  };
  /** @param {string} id */
  const jump = async (id) => {
    if (!(await conversation.reach(id).catch(() => false))) return toast(t("room.quote_away"));
    atEnd.current = false;
    setHighlit(id);
    requestAnimationFrame(() => {
      const target = document.getElementById(`m-${id}`);
      target?.scrollIntoView({ block: "center" });
      target?.focus({ preventScroll: true });
    });
    setTimeout(() => setHighlit(""), HIGHLIGHT_MS);
  };
  useEffect(() => void (found && jump(found)), []);
  const newest = async () => {
    if (!whole) await conversation.catchUp().catch(() => {});
    toEnd();
  };
  const read = room.peer_read_id ?? "";
  const lastOwn = messages.findLast((each) => each.sender.id === account.value?.id);
  return html`
    <div class="log" ref=${log} onScroll=${onScroll} tabindex="0" role="log" aria-live="polite" aria-relevant="additions" aria-label=${t("room.log")}>
      ${state === "loading" && h(Spinner, {})}
      ${state === "failed" && conversation.problem && html`<p class="problem" role="alert">${explain(conversation.problem)} <button type="button" class="link" onClick=${() => conversation.older()}>${t("retry")}</button></p>`}
      ${state === "ready" && html`<p class="log-older"><button type="button" class="button button-quiet button-small" onClick=${() => conversation.older()}>${t("room.older")}</button></p>`}
      ${messages.map((message, index) => [
        startsDay(messages, index) && html`<p class="log-day" key=${`day-${message.id}`}><span>${day(message.created_at)}</span></p>`,
        h(Bubble, {
          key: message.id, message, room, first: startsGroup(messages, index), highlit: message.id === highlit,
          onAnswer, onJump: jump,
        }),
        message === lastOwn && read >= message.id && html`<p class="log-read quiet" key="read">${t("room.read")}</p>`,
      ])}
      ${waiting.map((each) => h(PendingBubble, { key: each.key, item: each, room, onRetry: () => retry(each), onDiscard: () => discard(each.key) }))}
      ${!messages.length && !waiting.length && state === "whole" && html`<p class="quiet log-empty">${t("room.empty")}</p>`}
    </div>
    ${(below || !whole) && html`<button type="button" class="button button-small log-below" onClick=${newest}>${h(Icon, { name: "down" })}${t("room.below")}</button>`}`;
}

/**
 * Keeps the end visible if it was, and the visible messages in place while older ones are inserted above.
 * @param {Message[]} messages @param {number} waiting @param {boolean} whole whether the newest messages are among them
 * @param {() => void} onBelow called for a message out of sight
 */
function useStickyEnd(messages, waiting, whole, onBelow) {
  const log = useRef(/** @type {HTMLElement | null} */ (null));
  const atEnd = useRef(true);
  const before = useRef({ oldest: "", newest: "", height: 0, waiting: 0 });
  const toEnd = () => log.current?.scrollTo({ top: log.current.scrollHeight, behavior: "instant" });
  useLayoutEffect(() => {
    const box = log.current;
    if (!box) return;
    const { oldest, newest, height } = before.current;
    const first = messages[0]?.id ?? "";
    const last = messages.at(-1)?.id ?? "";
    const written = waiting > before.current.waiting;
    if ((atEnd.current && whole) || written) toEnd();
    else if (oldest && first < oldest) box.scrollTop += box.scrollHeight - height;
    else if (whole && newest && last > newest) onBelow();
    before.current = { oldest: first, newest: last, height: box.scrollHeight, waiting };
  }, [messages, waiting]);
  useEffect(() => {
    const box = log.current;
    if (!box) return;
    const watch = new ResizeObserver(() => atEnd.current && toEnd());
    watch.observe(box);
    return () => watch.disconnect();
  }, []);
  return { log, atEnd, toEnd };
}

/** @param {Message[]} messages @param {number} index */
const startsDay = (messages, index) =>
  !index || new Date(messages[index - 1].created_at).toDateString() !== new Date(messages[index].created_at).toDateString();

/** @param {Message[]} messages @param {number} index */
const startsGroup = (messages, index) => startsDay(messages, index) || messages[index - 1].sender.id !== messages[index].sender.id;
