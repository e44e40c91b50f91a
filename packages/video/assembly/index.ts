// The clip codec's kernels, as one module.
export { matchOverlapped, searchBlocks, searchQuarters } from "./search";
export { compensate, padReference } from "./compensate";
export { addShapes, pursueShapes } from "./shapes";
