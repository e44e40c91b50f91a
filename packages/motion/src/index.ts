export * from "./shared.js";
export { loadMotionTokenizer } from "./load.node.js";
export type { LoadMotionOptions } from "./load.node.js";
export { readBvhPieces, readMotion } from "./node/read.js";
export type { ReadMotionOptions } from "./node/read.js";
