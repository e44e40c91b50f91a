export * from "./shared.js";
export { loadAudioTokenizer } from "./load.node.js";
export type { LoadAudioOptions } from "./load.node.js";
export { openAudio, readAudio } from "./node/read.js";
export type { AudioInput } from "./node/read.js";
export { writeWav } from "./node/write.js";
