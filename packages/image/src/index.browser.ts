export * from "./shared.js";
export { loadImageTokenizer } from "./load.browser.js";
export type { LoadImageOptions } from "./load.browser.js";
export { readImage } from "./web/read.js";
export type { ImageInput, ReadImageOptions } from "./web/read.js";
export { toImageData } from "./web/write.js";
