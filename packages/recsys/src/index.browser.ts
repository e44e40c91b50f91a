export * from "./shared.js";
export { loadRecsysTokenizer } from "./load.browser.js";
export type { LoadRecsysOptions } from "./load.browser.js";
export type { RecsysTokenizer } from "./tokenizer.js";
export { openTextEmbedder } from "./embed/open.browser.js";
export type { OpenTextEmbedderOptions } from "./embed/open.browser.js";
