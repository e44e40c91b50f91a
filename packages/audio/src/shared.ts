export { AudioCodec, joinGrids } from "./codec/audio-codec.js";
export type {
  AudioDecodeOptions,
  AudioEncodeOptions,
  AudioRate,
  AudioSettings,
} from "./codec/audio-codec.js";
export { decodeAudio } from "./formats/decode.js";
export { detectFormat } from "./formats/detect.js";
export type { AudioFormat } from "./formats/detect.js";
export { encodeWav, wavHeader, wavSamples } from "./formats/wav.js";
export type { WavBits, WavOptions } from "./formats/wav.js";
export { melDistance } from "./metrics/mel-distance.js";
export { siSdr } from "./metrics/si-sdr.js";
export { stoi } from "./metrics/stoi.js";
export { plugins, sound16k, speech40hz, units50hz } from "./plugins.js";
export type { AudioTokenizerName } from "./plugins.js";
export { checkAudio, joinAudio, mixDown } from "./signal/audio.js";
export { signalOf } from "./signal/raw.js";
export type { AudioBufferLike, RawAudio } from "./signal/raw.js";
export { MelSpectrogram, melFilters } from "./signal/mel.js";
export { resample, Resampler } from "./signal/resample.js";
export type { ByteInput, ReadAudioOptions } from "./read-common.js";
export { fromUnits, toUnits } from "./units.js";
export type { SoundUnits } from "./units.js";
export { withReader } from "./tokenizer.js";
export type { AudioTokenizer } from "./tokenizer.js";
