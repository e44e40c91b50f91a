export { photoConfigs, photoDecoder, photoEncoder, photoHalo, photoTraining } from "./photo.js";
export type { PhotoLossWeights, PhotoModelConfig } from "./photo.js";
export { exportPhotoModel } from "./photo-export.js";
export type { ExportedPhotoModel } from "./photo-export.js";
export { balancedClusters, collaborativeLoss, diversityLoss, drawPartners } from "./letter.js";
export { exportRqVae, rqVaeTraining, trainRqVae } from "./rq-vae.js";
export type {
  ExportedRqVae,
  RqVaeConfig,
  RqVaeProgress,
  RqVaeRegularisers,
  RqVaeTrainOptions,
} from "./rq-vae.js";
export {
  MOTION_REACH,
  MOTION_STRIDE,
  exportMotionModel,
  motionLatents,
  motionTraining,
  residualCodebooks,
} from "./motion.js";
export type {
  ExportedMotionModel,
  FeatureScale,
  MotionModelConfig,
  MotionTrainingOptions,
} from "./motion.js";
export {
  audioConfigs,
  audioDelay,
  audioLatents,
  audioStride,
  audioTraining,
  exportAudioModel,
} from "./audio.js";
export type { AudioModelConfig, AudioTrainingOptions, ExportedAudioModel } from "./audio.js";
export { clipConfigs, clipHalo, clipTraining, exportClipModel, exportShapes } from "./clip.js";
export type { ClipModelConfig, ClipTrainingOptions, ExportedClipModel } from "./clip.js";
export {
  CodeEmbedding,
  encoderSize,
  exportNodeClassifier,
  exportNodeEncoder,
  exportScorer,
  linkTraining,
  nodeClassTraining,
  tokenCount,
} from "./node-encoder.js";
export type {
  CodeField,
  ExportedNodeEncoder,
  LinkTrainingOptions,
  NodeCodes,
  NodeEncoderConfig,
} from "./node-encoder.js";
export { exportVqGraph, vqGraphTraining } from "./vq-graph.js";
export type {
  ExportedVqGraph,
  NodeFeatureScale,
  VqGraphConfig,
  VqGraphTrainingOptions,
} from "./vq-graph.js";
