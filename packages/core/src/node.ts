/** What only Node.js has: kernels on several threads. */
export { createThreadedKernels } from "./node/threads.js";
export type { ByteProduct, ThreadOptions } from "./node/threads.js";
