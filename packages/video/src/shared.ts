export { ClipCodec, LENDER_CODE, PICTURE_CODE } from "./codec/clip-codec.js";
export type { ClipDecodeOptions, ClipEncodeOptions, ClipSettings } from "./codec/clip-codec.js";
export {
  AXIS_X,
  AXIS_Y,
  BLOCK,
  estimateMotion,
  MOTION_CODES,
  moveReference,
  STILL_CODE,
} from "./codec/motion.js";
export type { BlockGrid } from "./codec/motion.js";
export { meaningOf } from "./codec/meaning.js";
export type { CodeMeaning } from "./codec/meaning.js";
export { GAINS, SHAPES, ShapeBook } from "./codec/shapes.js";
export { firstFrame, framesPerKey, isKey, keyOf, stepOfFrame, stepsOf } from "./codec/timeline.js";
export type { Timeline } from "./codec/timeline.js";
export { clip8x, clip8xFine, plugins } from "./plugins.js";
export type { VideoTokenizerName } from "./plugins.js";
export { collectVideo, MAX_PIXELS } from "./signal/video.js";
export type { OpenedVideo, ReadVideoOptions } from "./signal/options.js";
export { i420ToRgb } from "./signal/yuv.js";
export type { YuvMatrix } from "./signal/yuv.js";
export { withReader } from "./tokenizer.js";
export type { VideoEncodeOptions, VideoTokenizer } from "./tokenizer.js";
export { compareVideos } from "./metrics/compare.js";
export type { VideoComparison } from "./metrics/compare.js";
export { bitsOfVideo } from "./metrics/bits.js";
