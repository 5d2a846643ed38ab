/** Translations: `t` for texts; numbers and times are formatted by Intl. */

import { signal } from "@preact/signals";
import { BASE } from "../base.js";

/** @typedef {Record<string, string | {one?: string, other: string}>} Dictionary */

export const LANGUAGES = { en: "English", ko: "한국어" };
const LOADERS = {
  en: () => import("./en.js"),
  ko: () => import("./ko.js"),
};
const PROBLEMS = {
  en: () => import("./problems-en.js"),
  ko: () => import("./problems-ko.js"),
};
/** Problems of a file, which have details in `errors`. */
const OF_FILES = ["too_large", "corrupt_media", "unsupported_media"];
const CHOICE = `shutter${BASE}.language`;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const WEEK = 604_800;

/** @type {import("@preact/signals").Signal<keyof typeof LANGUAGES>} */
export const language = signal(preferred());
/** @type {import("@preact/signals").Signal<Dictionary>} */
const dictionary = signal({});
/** The words for problems, moderation, activities and some settings, which the first view rarely needs: null until they are loaded.
 * @type {import("@preact/signals").Signal<Dictionary | null>} */
const problems = signal(null);

/** @returns {keyof typeof LANGUAGES} */
function preferred() {
  const wanted = [chosen(), ...navigator.languages].map((tag) => tag?.split("-")[0]);
  return wanted.find(/** @returns {tag is keyof typeof LANGUAGES} */ (tag) => tag === "en" || tag === "ko") ?? "en";
}

function chosen() {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

/** Load the words of the language. @param {keyof typeof LANGUAGES} [wanted] */
export async function speak(wanted = language.value) {
  const { default: words } = await LOADERS[wanted]();
  dictionary.value = words;
  language.value = wanted;
  document.documentElement.lang = wanted;
}

/** Load the texts of problems as well. If they cannot be loaded, all problems have the same text. */
export async function speakOfProblems() {
  const wanted = language.peek();
  const words = await PROBLEMS[wanted]().then((loaded) => loaded.default, () => problems.peek() ?? {});
  if (wanted === language.peek()) problems.value = words;
}

/** Set the language of this browser. @param {keyof typeof LANGUAGES} wanted */
export async function choose(wanted) {
  try {
    localStorage.setItem(CHOICE, wanted);
  } catch {
    // Without storage, the choice lasts until the page is left.
  }
  problems.value = (await PROBLEMS[wanted]()).default;
  await speak(wanted);
}

/**
 * The text of a key, with `{names}` replaced; `count` chooses the plural form.
 * @param {string} key @param {Record<string, string | number>} [values] @returns {string}
 */
export function t(key, values = {}) {
  const entry = dictionary.value[key] ?? problems.value?.[key] ?? key;
  const form = typeof entry === "string" ? entry : plural(entry, Number(values.count));
  return form.replace(/\{(\w+)\}/g, (whole, name) => shown(values[name]) ?? whole);
}

/** @param {string} key */
export const knows = (key) => key in dictionary.value || key in (problems.value ?? {});

/** @type {Map<string, any>} */
const formats = new Map();

/** The language with the region that the browser prefers, such as "en-GB": regions write dates and times differently. */
const locale = () => navigator.languages.find((tag) => tag.split("-")[0] === language.value) ?? language.value;

/**
 * A format of the language. Creating one is slow, so each is created once.
 * @template T
 * @param {new (language: string, options?: any) => T} kind @param {object} [options] @returns {T}
 */
function format(kind, options) {
  const key = `${language.value} ${kind.name} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new kind(locale(), options));
  return formats.get(key);
}

/** @param {{one?: string, other: string}} entry @param {number} count */
function plural(entry, count) {
  const form = format(Intl.PluralRules).select(count);
  return (form === "one" && entry.one) || entry.other;
}

/** @param {string | number | undefined} value */
const shown = (value) => (typeof value === "number" ? number(value) : value);

/** @param {number} value */
export const number = (value) => format(Intl.NumberFormat).format(value);

/** 1,234 as 1.2K, or as 1.2천. @param {number} value */
export const compact = (value) =>
  format(Intl.NumberFormat, { notation: "compact", maximumFractionDigits: 1 }).format(value);

/** @param {number} bytes */
export const megabytes = (bytes) =>
  format(Intl.NumberFormat, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(bytes / 2 ** 20);

/** How long ago, for a list of posts. @param {string} iso */
export function ago(iso) {
  const seconds = Math.round((Date.parse(iso) - Date.now()) / 1000);
  const past = Math.max(0, -seconds);
  if (past > WEEK) return day(iso);
  const relative = format(Intl.RelativeTimeFormat, { numeric: "auto", style: "short" });
  if (past < MINUTE) return t("time.now");
  if (past < HOUR) return relative.format(-Math.floor(past / MINUTE), "minute");
  if (past < DAY) return relative.format(-Math.floor(past / HOUR), "hour");
  return relative.format(-Math.floor(past / DAY), "day");
}

/** @param {string} iso */
export function day(iso) {
  const date = new Date(iso);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return format(Intl.DateTimeFormat, { year, month: "long", day: "numeric" }).format(date);
}

/** @param {string} iso */
export const clock = (iso) =>
  format(Intl.DateTimeFormat, { hour: "numeric", minute: "2-digit" }).format(new Date(iso));

/** @param {string} iso */
export const full = (iso) =>
  format(Intl.DateTimeFormat, { dateStyle: "full", timeStyle: "short" }).format(new Date(iso));

/**
 * The text for a problem: by its code, else by its status. Empty while the texts are loaded; a component that shows it
 * is rendered again then.
 * @param {import("../http.js").Problem} problem @returns {string}
 */
export function explain(problem) {
  const reasons = OF_FILES.includes(problem.code) ? problem.errors.map((each) => each.code) : [];
  const key = [...reasons, problem.code, problem.status].map((each) => `problem.${each}`).find(knows);
  if (!key && !problems.value) {
    void speakOfProblems();
    return "";
  }
  const text = t(key ?? "problem.unexpected");
  if (!problem.retryAfter) return text;
  const seconds = Math.ceil(problem.retryAfter);
  return seconds < 90
    ? `${text} ${t("problem.retry_seconds", { count: seconds })}`
    : `${text} ${t("problem.retry_minutes", { count: Math.ceil(seconds / 60) })}`;
}

/** The same for what is kept or shown once: waits for the texts, if need be. @param {import("../http.js").Problem} problem */
export async function explained(problem) {
  if (!explain(problem)) await speakOfProblems();
  return explain(problem);
}
