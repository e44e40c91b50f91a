// index.ts for engines with relaxed SIMD: the same functions, of the same arguments.
export {
  centreVectors,
  finish,
  finishBytes,
  narrowGaps,
  packByteCodebook,
  packBytes,
  takeOff,
} from "./nearest";
export { finishBlocks, groupMaxima, packCodebook, packVectors } from "./relaxed";
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
