/** All of @dtok/llm, and what needs Node.js: training files. */
export * from "../index.js";
export { TrainingFile, readTrainingInfo } from "./training-file.js";
export type { TrainingFileOptions, TrainingFormat, TrainingInfo } from "./training-file.js";
