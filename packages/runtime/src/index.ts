export { createNodeRuntime } from "./node/runtime.js";
export { createNodeRuntime as createRuntime } from "./node/runtime.js";
