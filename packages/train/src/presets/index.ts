export { photoConfigs, photoDecoder, photoEncoder, photoHalo, photoTraining } from "./photo.js";
export type { PhotoLossWeights, PhotoModelConfig } from "./photo.js";
export { exportPhotoModel } from "./photo-export.js";
export type { ExportedPhotoModel } from "./photo-export.js";
export { exportRqVae, rqVaeTraining, trainRqVae } from "./rq-vae.js";
export type { ExportedRqVae, RqVaeConfig, RqVaeProgress, RqVaeTrainOptions } from "./rq-vae.js";
