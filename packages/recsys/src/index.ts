export * from "./shared.js";
export { loadRecsysTokenizer } from "./load.node.js";
export type { LoadRecsysOptions, RecsysTokenizer } from "./load.node.js";
