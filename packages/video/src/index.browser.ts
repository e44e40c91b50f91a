export * from "./shared.js";
export { loadVideoTokenizer } from "./load.browser.js";
export type { LoadVideoOptions } from "./load.browser.js";
export { readVideo } from "./web/read.js";
export type { VideoInput } from "./web/read.js";
