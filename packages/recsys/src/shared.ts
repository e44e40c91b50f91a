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
export { SeparateQuantizer, fitSeparate, separateFamily } from "./quantizers/separate.js";
export { TextEmbedder } from "./embed/text-embedder.js";
export type { TextEmbeddingSettings } from "./embed/text-embedder.js";
export { textFeatures } from "./features/text.js";
export type { TextFeatureOptions } from "./features/text.js";
export { collaborativeFeatures } from "./features/collaborative.js";
export type { CollaborativeOptions, Interactions } from "./features/collaborative.js";
export { fuse } from "./features/fuse.js";
export type { FuseOptions, FusePart } from "./features/fuse.js";
export type { ItemSignal } from "./signal.js";
export { Catalogue, idFamilies } from "./catalogue/catalogue.js";
export type { CatalogueChange, CatalogueOptions } from "./catalogue/catalogue.js";
export { catalogueDrift, compareCatalogues, migrationTable } from "./catalogue/compare.js";
export type { CatalogueComparison, DriftReport } from "./catalogue/compare.js";
export { neighbourRecall } from "./metrics/neighbours.js";
export type { NeighbourOptions } from "./metrics/neighbours.js";
export { FILM_COLLABORATIVE_DIM, FILM_TEXT_DIM, filmVectors } from "./features/films.js";
export type { FilmText } from "./features/films.js";
export { ItemCodec } from "./codec/item-codec.js";
export { movielensSmall, plugins } from "./plugins.js";
export type { RecsysTokenizerName } from "./plugins.js";
export { summarise } from "./metrics/summary.js";
export type { CatalogueSummary } from "./metrics/summary.js";
export { renderReport } from "./report/html.js";
export type { ReportOptions } from "./report/html.js";
