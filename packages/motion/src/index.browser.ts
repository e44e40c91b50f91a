export * from "./shared.js";
export { loadMotionTokenizer } from "./load.browser.js";
export type { LoadMotionOptions } from "./load.browser.js";
