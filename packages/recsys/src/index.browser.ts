export * from "./shared.js";
export { loadRecsysTokenizer } from "./load.browser.js";
export type { LoadRecsysOptions, RecsysTokenizer } from "./load.browser.js";
export { openTextEmbedder } from "./embed/open.browser.js";
export type { OpenTextEmbedderOptions } from "./embed/open.browser.js";
