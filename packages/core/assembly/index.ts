// All kernels that search codebooks, as one module.
export {
  centreVectors,
  finish,
  finishBlocks,
  finishBytes,
  groupMaxima,
  narrowGaps,
  packByteCodebook,
  packBytes,
  packCodebook,
  packVectors,
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
