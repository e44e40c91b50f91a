export { formatId, idTokens, levelName, parseId } from "./ids/print.js";
export { PrefixTrie, buildTrie } from "./ids/trie.js";
export type { TriePosition } from "./ids/trie.js";
export { sinkhorn } from "./ids/sinkhorn.js";
export type { SinkhornOptions } from "./ids/sinkhorn.js";
export { collisionReport } from "./ids/collisions.js";
export type { CollisionReport } from "./ids/collisions.js";
export { resolveCollisions } from "./ids/resolve.js";
export type { CollisionStrategy, Resolution, ResolveOptions } from "./ids/resolve.js";
export {
  HierarchicalQuantizer,
  fitHierarchical,
  hierarchicalFamily,
} from "./quantizers/hierarchical.js";
export { ResidualQuantizer, fitResidual, residualFamily } from "./quantizers/residual.js";
export type { ResidualFitOptions } from "./quantizers/residual.js";
