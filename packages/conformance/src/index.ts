export { checkCodec, codecCheckNames } from "./codec.js";
export type { CodecCheckOptions } from "./codec.js";
export { checkQuantizer, quantizerCheckNames } from "./quantizer.js";
export type { QuantizerCheckOptions } from "./quantizer.js";
export type { CheckResult } from "./result.js";
export { checkStreamingCodec, streamingCheckNames } from "./streaming.js";
export type { StreamingCheckOptions } from "./streaming.js";
