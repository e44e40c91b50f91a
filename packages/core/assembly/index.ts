// All kernels that search codebooks, as one module; compiled with relaxed SIMD and without.
export {
  centreVectors,
  finish,
  finishBytes,
  narrowGaps,
  packByteCodebook,
  packBytes,
  takeOff,
} from "./nearest";
export {
  additiveTile,
  beamTile,
  localSearchTile,
  packPanels,
  pairTable,
  products,
  searchPart,
  turnTile,
} from "./additive";
export { prunedTile, pruneCodebook } from "./pruned";
export { finishBlocks, groupMaxima, packCodebook, packVectors } from "./search";
