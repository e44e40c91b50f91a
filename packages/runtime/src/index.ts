export { createNodeRuntime, createRuntime } from "./node/runtime.js";
export { createWebRuntime } from "./node/web-runtime.js";
export type { WebRuntimeOptions } from "./web/backend.js";
export { ClosedError, FetchError, ModelRunError } from "./errors.js";
export type { LoadOptions } from "./ort/runtime.js";
export type { RunOptions } from "./ort/session.js";
export { digest } from "./files/sha256.js";
export { refuseExternalData } from "./onnx/external-data.js";
export { createModelReader, defaultCacheFolder, openModelFolder } from "./files/node.js";
export type { NodeReadOptions } from "./files/node.js";
export { openModel } from "./files/open.node.js";
export type { OpenModel, OpenModelOptions, PackagedFiles } from "./files/open.js";
export { safePath } from "./files/read.js";
export type {
  ModelBase,
  ModelFolder,
  ModelReader,
  OpenFolderOptions,
  ReadOptions,
  ReadProgress,
} from "./files/read.js";
export { createNodeKernels } from "./kernels/node-kernels.js";
export type { NodeKernelOptions } from "./kernels/node-kernels.js";
export { createOrtKernels } from "./kernels/ort-kernels.js";
export type { OrtKernelOptions } from "./kernels/ort-kernels.js";
