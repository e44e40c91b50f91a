export { readGraphFile } from "./node/file.js";
export { createGraphThreads } from "./node/threads.js";
export type { GraphThreadOptions, GraphThreads, RunOptions } from "./node/threads.js";
export * from "./shared.js";
export { loadGraphTokenizer, loadNodeEncoder } from "./load.node.js";
export type { LoadGraphOptions } from "./load.node.js";
export { readWordNet } from "./node/wordnet.js";
