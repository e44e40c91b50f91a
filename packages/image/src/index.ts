export * from "./shared.js";
export { loadImageTokenizer } from "./load.node.js";
export type { LoadImageOptions } from "./load.node.js";
export { readImage } from "./node/read.js";
export type { ImageInput, ReadImageOptions } from "./node/read.js";
export { encodeImageFile, formatOf, writeImage } from "./node/write.js";
export type { ImageFormat, WriteImageOptions } from "./node/write.js";
