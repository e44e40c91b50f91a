export * from "./shared.js";
export { loadAudioTokenizer } from "./load.browser.js";
export type { LoadAudioOptions } from "./load.browser.js";
export { openAudio, readAudio } from "./web/read.js";
export type { AudioInput } from "./web/read.js";
