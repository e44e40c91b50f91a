export { MAX_EXTENT, SIZE_TOKENS, Vocabulary, modalityOf } from "./vocabulary/vocabulary.js";
export type {
  ModalityIds,
  ModalitySpec,
  TokenMeaning,
  VocabularyJson,
  VocabularyOptions,
} from "./vocabulary/vocabulary.js";
export { baseSize, extendTokenizerJson, toTokenizerJson } from "./vocabulary/tokenizer-json.js";
export type { AddedToken, TokenizerJson } from "./vocabulary/tokenizer-json.js";
export {
  embeddingRows,
  embeddingStatistics,
  loadEmbeddingRows,
  saveEmbeddingRows,
} from "./vocabulary/embeddings.js";
export type { EmbeddingOptions, EmbeddingStatistics } from "./vocabulary/embeddings.js";
export { PAD_PLACE, ROW_PLACE } from "./layouts/layout.js";
export type { SequenceLayout, SpanExtent } from "./layouts/layout.js";
export { sequenceLayout, sequenceLayoutGrammars, sequenceLayoutNames } from "./layouts/order.js";
export type { SequenceLayoutName, SequenceLayoutSpec } from "./layouts/order.js";
export { mergeStreams, splitStreams } from "./layouts/parallel.js";
export { fromRuns, toRuns } from "./layouts/run-length.js";
export { mergeRates, splitRates } from "./layouts/snac.js";
export { CodeBpe } from "./codes/bpe.js";
export type { BpeOptions } from "./codes/bpe.js";
export { factorCodes, joinFactors } from "./codes/factor.js";
export { DEFAULT_MAX_POSITIONS } from "./sequence/cursor.js";
export { pack } from "./sequence/pack.js";
export type { PackedSequence, PartSpan, SequencePart } from "./sequence/pack.js";
export { loadSequence, saveSequence } from "./sequence/file.js";
export { SequenceParser, unpack } from "./sequence/parse.js";
export type { ParseOptions, Recovery, SequenceEvent, UnpackOptions } from "./sequence/parse.js";
export { TokenConstraint, applyMask, isAllowed } from "./masks/constraint.js";
export type { ConstraintOptions, TrieLike } from "./masks/constraint.js";
export { logitsProcessor } from "./masks/logits-processor.js";
export type { LogitsTensor } from "./masks/logits-processor.js";
export { BlockPacker } from "./training/blocks.js";
export type { Block, BlockOptions } from "./training/blocks.js";
