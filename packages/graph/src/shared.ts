export { nearestAnchors, NONE, relationContext } from "./anchors/nearest.js";
export type { DirectionPolicy, NearestAnchors, RelationChoice } from "./anchors/nearest.js";
export {
  degrees,
  greedyCover,
  pageRank,
  parseMix,
  sampledBetweenness,
  selectAnchors,
} from "./anchors/strategies.js";
export type { AnchorMix, AnchorOptions, AnchorStrategy } from "./anchors/strategies.js";
export { buildGraph } from "./csr/graph.js";
export type { Adjacency, KnowledgeGraph, Triples } from "./csr/graph.js";
export { fromGraphology } from "./csr/graphology.js";
export type { FromGraphologyOptions } from "./csr/graphology.js";
export { readTriples } from "./csr/triples.js";
export type { ReadGraph, ReadTriplesOptions } from "./csr/triples.js";
export { NodePiece } from "./tokens/node-piece.js";
export type { NewEdge, NodePieceOptions } from "./tokens/node-piece.js";
export { randomEntityCodes } from "./tokens/random-eq.js";
export type { RandomCodesOptions } from "./tokens/random-eq.js";
export { tokensToParquet } from "./tokens/parquet.js";
export { explainSvg } from "./tokens/svg.js";
