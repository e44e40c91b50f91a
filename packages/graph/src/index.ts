export { createGraphThreads } from "./node/threads.js";
export type { GraphThreadOptions, GraphThreads, RunOptions } from "./node/threads.js";
export * from "./shared.js";
