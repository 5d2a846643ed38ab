/**
 * Components are created by `h`, whose properties are type-checked; elements by `html` templates.
 * An `href` in a template that begins with "/" is a path below the base of the client.
 */

import htm from "htm";
import { h } from "preact";
import { BASE } from "./base.js";

export { h };

/** @param {string} type @param {Record<string, any> | null} properties @param {any[]} children */
function element(type, properties, ...children) {
  if (BASE && properties?.href?.startsWith("/")) properties = { ...properties, href: BASE + properties.href };
  return h(type, properties, ...children);
}

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(/** @type {any} */ (element));
