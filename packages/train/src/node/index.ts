export { loadCheckpoint, progressLine, saveCheckpoint, trainLoop } from "./loop.js";
export type { LoopOptions, LoopProgress } from "./loop.js";
export { writeFileAtomic } from "./files.js";
