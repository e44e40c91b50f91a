export { createRuntime, createWebRuntime } from "./web.js";
export type { WebRuntimeOptions } from "./web.js";
export { digest } from "./base.js";
export { refuseExternalData } from "./external.js";
export { createModelReader } from "./files/web.js";
export { safePath } from "./files/read.js";
export type { ModelReader, ReadOptions } from "./files/read.js";
