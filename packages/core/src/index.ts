export type * from "./spec/index.js";
export {
  ArgumentError,
  CodeRangeError,
  DtokError,
  FormatError,
  IntegrityError,
  LimitError,
  MismatchError,
  MissingError,
  ShapeError,
  ValueError,
  isDtokError,
} from "./errors/index.js";
export type { ErrorParts } from "./errors/index.js";
export { Random, createRandom } from "./math/random.js";
export {
  SAFETENSORS_MAX_HEADER,
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from "./formats/safetensors.js";
export type {
  SafetensorsEntry,
  SafetensorsFile,
  SafetensorsHeader,
} from "./formats/safetensors.js";
export { checkTensor, dtypeOf } from "./formats/dtypes.js";
export { BaseQuantizer } from "./quantizers/base.js";
export type { QuantizerTraits } from "./quantizers/base.js";
export {
  allFinite,
  checkCodes,
  checkFinite,
  checkMatrix,
  checkMatrixShape,
} from "./quantizers/checks.js";
export { loadQuantizer, readQuantizerState, saveQuantizer } from "./formats/quantizer-state.js";
export {
  createQuantizer,
  familyOf,
  fitQuantizer,
  quantizerFamilies,
  quantizerFromState,
} from "./quantizers/spec.js";
export { FsqQuantizer, fsq, fsqDigit, fsqFamily } from "./quantizers/fsq.js";
export type { FsqBound } from "./quantizers/fsq.js";
export type { Technique } from "./quantizers/technique.js";
export { techniques } from "./techniques.js";
export { LfqQuantizer, lfq, lfqFamily } from "./quantizers/lfq.js";
export { BsqQuantizer, bsq, bsqFamily } from "./quantizers/bsq.js";
export type { BsqProjection } from "./quantizers/bsq.js";
export {
  bitWidth,
  bitsOf,
  checkTokenGrid,
  checkTokenizer,
  createTokenGrid,
  sideBits,
  sliceLevels,
} from "./grid/grid.js";
export type { GridBits } from "./grid/grid.js";
export {
  packBits,
  packRadix,
  packedByteLength,
  radixByteLength,
  unpackBits,
  unpackRadix,
} from "./grid/pack.js";
export { allowedIds, flattenGrid, levelOffsets, unflattenIds } from "./grid/layouts.js";
export type { LayoutName } from "./grid/layouts.js";
export { crc32 } from "./formats/crc32.js";
export {
  loadTokenGrid,
  loadTokenGrids,
  readTokenFile,
  saveTokenGrid,
  saveTokenGrids,
  tokenFileChecksum,
} from "./formats/token-grid.js";
export type { CodePacking, SaveTokenGridOptions, TokenFile } from "./formats/token-grid.js";
export {
  NPY_HEADER_BYTES,
  npyHeaderBytes,
  openNpyRows,
  readNpy,
  readNpyHeader,
  toFloat32,
  writeNpy,
} from "./formats/npy.js";
export type { ByteReader, NpyHeader, NpyRows } from "./formats/npy.js";
export { floatToHalf, halfToFloat } from "./formats/half.js";
export { PluginError, createRegistry } from "./registry/registry.js";
export { shippedAs } from "./registry/shipped.js";
export type { CodecOf, Registry, RegistryOptions, TokenizerId } from "./registry/registry.js";
export {
  SAMPLES_PER_CODE,
  codebookUsage,
  createUsageMeter,
  usageDrift,
} from "./diagnostics/usage.js";
export type {
  CodeCount,
  CodebookUsage,
  UsageMeter,
  UsageReportOptions,
  UsageVerdict,
} from "./diagnostics/usage.js";
export {
  MANIFEST_MAX_BYTES,
  MODEL_FILE_MAX_BYTES,
  checkRelativePath,
  parseManifest,
} from "./registry/manifest.js";
export {
  RandomProjectionQuantizer,
  randomProjection,
  randomProjectionFamily,
} from "./quantizers/random-projection.js";
export type { RandomProjectionOptions } from "./quantizers/random-projection.js";
export { deduplicate, expand } from "./quantizers/run-length.js";
export type { DeduplicateOptions, RunLengthUnits } from "./quantizers/run-length.js";
export { KMeansUnits, fitKMeansUnits, kmeansUnitsFamily } from "./quantizers/kmeans-units.js";
export { exactDistance, referenceKernels } from "./kernels/reference.js";
export { hasWasmKernels } from "./kernels/module.js";
export { wasmKernels } from "./kernels/wasm.js";
export { nearest, portableKernels, workFloats } from "./kernels/portable.js";
export { kmeans } from "./quantizers/kmeans.js";
export type { KMeansOptions, KMeansResult } from "./quantizers/kmeans.js";
export { VqQuantizer, fitVq, vq, vqCosineFamily, vqFamily } from "./quantizers/vq.js";
export {
  HyperbolicVqQuantizer,
  fitHyperbolicVq,
  hyperbolicVq,
  hyperbolicVqFamily,
} from "./quantizers/vq-hyp.js";
export type { HyperbolicFitOptions, HyperbolicVqOptions } from "./quantizers/vq-hyp.js";
export type { VqMetric, VqOptions, VqProjection } from "./quantizers/vq.js";
export { EmaCodebook } from "./quantizers/vq-update.js";
export type { DeadCodeReset, EmaOptions } from "./quantizers/vq-update.js";
export { softAssign, softDequantize, stochasticAssign } from "./quantizers/vq-assign.js";
export { PqQuantizer, fitPq, pqFamily } from "./quantizers/pq.js";
export { OpqQuantizer, fitOpq, opqFamily } from "./quantizers/opq.js";
export type { OpqFitOptions } from "./quantizers/opq.js";
export { LopqQuantizer, fitLopq, lopqFamily } from "./quantizers/lopq.js";
export { VaqQuantizer, allocateBits, fitVaq, vaqFamily } from "./quantizers/vaq.js";
export { OnlinePqQuantizer, fitOnlinePq, onlinePqFamily } from "./quantizers/online-pq.js";
export type { OnlineUpdateOptions } from "./quantizers/online-pq.js";
export { RvqQuantizer, fitRvq, rvq, rvqFamily } from "./quantizers/rvq.js";
export { ervqFamily, fitErvq } from "./quantizers/ervq.js";
export { fitIrvq, irvqFamily } from "./quantizers/irvq.js";
export { PrvqQuantizer, fitPrvq, prvqFamily } from "./quantizers/prvq.js";
export type { ProjectedLevels } from "./quantizers/prvq.js";
export { GroupRvqQuantizer, fitGroupRvq, groupRvqFamily } from "./quantizers/group-rvq.js";
export {
  MultiScaleRvqQuantizer,
  fitMultiScaleRvq,
  multiScaleRvqFamily,
} from "./quantizers/multi-scale-rvq.js";
export type { Scale } from "./quantizers/multi-scale-rvq.js";
export { CqQuantizer, cq, cqFamily, fitCq } from "./quantizers/cq.js";
export type { CompositeConstraint, CqFitOptions } from "./quantizers/cq.js";
export { RvpqQuantizer, fitRvpq, rvpqFamily } from "./quantizers/rvpq.js";
export { AqQuantizer, aqFamily, fitAq } from "./quantizers/aq.js";
export { LsqQuantizer, fitLsq, lsqFamily } from "./quantizers/lsq.js";
export type { LsqFitOptions } from "./quantizers/lsq.js";
export { CodeIndex } from "./search/code-index.js";
export type { SearchResult } from "./search/code-index.js";
export type { DistanceTables, TableQuantizer } from "./search/tables.js";
export { GroupSearch } from "./kernels/group-search.js";
export { CodeBpe } from "./sequences/bpe.js";
export type { BpeOptions } from "./sequences/bpe.js";
