export type * from "./tensor.js";
export type * from "./codes.js";
export type * from "./kernels.js";
export type * from "./quantizer.js";
export type * from "./runtime.js";
export type * from "./signals.js";
export type * from "./tokenizer.js";
