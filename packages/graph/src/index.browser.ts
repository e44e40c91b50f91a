export * from "./shared.js";
export { loadGraphTokenizer, loadNodeEncoder } from "./load.browser.js";
export type { LoadGraphOptions } from "./load.browser.js";
