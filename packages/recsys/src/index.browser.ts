export * from "./shared.js";
export { loadRecsysTokenizer } from "./load.browser.js";
export type { LoadRecsysOptions, RecsysTokenizer } from "./load.browser.js";
