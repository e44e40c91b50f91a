export {
  MAX_JOINTS,
  checkMotion,
  checkSkeleton,
  durationOf,
  frameCount,
  sliceMotion,
} from "./signal.js";
export type { Joint, MotionSignal, Skeleton } from "./signal.js";
export { BODY_JOINTS, EMBODIMENTS, bodies } from "./skeleton/canonical.js";
export type { Body, Embodiment } from "./skeleton/canonical.js";
export { jointPositions, worldRotations } from "./skeleton/fk.js";
export { MAX_FRAMES, resample, resampledCount } from "./skeleton/resample.js";
export { matchJoints } from "./skeleton/names.js";
export type { JointMatch, JointNames } from "./skeleton/names.js";
export {
  fitRotations,
  motionFromPlaces,
  retarget,
  retargetPlaces,
  scaledSkeleton,
} from "./skeleton/retarget.js";
export type { RetargetOptions, Retargeted } from "./skeleton/retarget.js";
export {
  FEATURE_DIM,
  FEATURE_FPS,
  FEATURE_PARTS,
  fromFeatures,
  placesFromFeatures,
  startOf,
  toFeatures,
} from "./features/features.js";
export type { Start } from "./features/features.js";
export { mirrorMotion } from "./features/mirror.js";
export { BvhParser, bvhLines, joinPieces, readBvh, writeBvh } from "./formats/bvh.js";
export type { BvhReadOptions, BvhWriteOptions } from "./formats/bvh.js";
export { deepMimicRows, readDeepMimic } from "./formats/deepmimic.js";
export type { DeepMimicOptions } from "./formats/deepmimic.js";
export { HUMANML3D_DIM, placesFromHumanMl3d, readNpyMotion } from "./formats/positions.js";
export type { NpyMotionOptions } from "./formats/positions.js";
export type { LengthUnit } from "./formats/units.js";
export { readGltf, writeGlb } from "./formats/gltf.js";
export type { GltfReadOptions } from "./formats/gltf.js";
export { csvColumns, readCsvTrajectory } from "./formats/trajectory.js";
export type { ColumnUnit, Trajectory, TrajectorySchema } from "./formats/trajectory.js";
export { MotionCodec } from "./codec/motion-codec.js";
export type {
  MotionDecodeOptions,
  MotionEncodeOptions,
  MotionSettings,
} from "./codec/motion-codec.js";
export { spliceGrids } from "./codec/splice.js";
export type { Cut } from "./codec/splice.js";
export { footSkating, jitter, largestSpeed, motionErrors } from "./metrics/metrics.js";
export type { MotionErrors } from "./metrics/metrics.js";
export { bodiesRvq, humanRvq, humanVq, plugins } from "./plugins.js";
export type { MotionTokenizerName } from "./plugins.js";
export { renderMotionPage } from "./view/html.js";
export type { Shown } from "./view/html.js";
export { renderMotionGif } from "./view/gif.js";
export type { GifOptions } from "./view/gif.js";
export { parquetColumns, readParquetTrajectory } from "./formats/parquet.js";
export { BinActions } from "./actions/bins.js";
export type { BinsOptions } from "./actions/bins.js";
export { FastActions } from "./actions/fast.js";
export type { FastOptions } from "./actions/fast.js";
export { HyperbolicActions } from "./actions/hyperbolic.js";
export type { HyperbolicOptions } from "./actions/hyperbolic.js";
export { SaqActions } from "./actions/saq.js";
export type { SaqOptions } from "./actions/saq.js";
export { SkillActions } from "./actions/skills.js";
export type { SkillsOptions } from "./actions/skills.js";
export { actionFamilies, fitActions, loadActionTokenizer } from "./actions/families.js";
export type { ActionKind, ActionOptions } from "./actions/families.js";
export { readActionColumns, saveActionTokenizer } from "./actions/tokenizer.js";
export type { ActionContext, ActionTokenizer } from "./actions/tokenizer.js";
