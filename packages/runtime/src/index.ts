export { createNodeRuntime, createRuntime } from "./node.js";
export { createWebRuntime } from "./web.js";
export type { WebRuntimeOptions } from "./web.js";
export { digest } from "./base.js";
export { refuseExternalData } from "./external.js";
