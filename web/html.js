/** Components are made by `h`, whose properties are checked; elements by `html` templates. */

import htm from "htm";
import { h } from "preact";

export { h };
/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(h);
