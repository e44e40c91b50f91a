export * from "./shared.js";
export { loadVideoTokenizer } from "./load.node.js";
export type { LoadVideoOptions } from "./load.node.js";
export { readVideo } from "./node/read.js";
export type { VideoInput } from "./node/read.js";
export { writeVideo } from "./node/write.js";
export type { WriteVideoOptions } from "./node/write.js";
