import type { TokenGrid } from "./codes.js";
import type { ModelRuntime } from "./runtime.js";
import type { Modality, Signals } from "./signals.js";

/** One file of a tokenizer. `path` is relative to the manifest's folder and never leaves it. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hexadecimal SHA-256 of the whole file. */
  readonly sha256: string;
}

export interface Licences {
  readonly code: string;
  readonly weights: string;
  readonly data: string;
}

/** A number on the model card: what was measured, on what, by which command. */
export interface Measurement {
  readonly metric: string;
  readonly value: number;
  readonly unit?: string;
  readonly data: string;
}

/** All that is known before a weight is loaded. */
export interface Manifest<M extends string = string> {
  readonly format: "dtok-manifest-1";
  /** "<modality>/<name>", e.g. "image/photo-8x". */
  readonly id: string;
  readonly modality: M;
  readonly version: string;
  readonly description: string;
  /** Quantizer spec string, or "fused" where the graph itself emits codes. */
  readonly quantizer: string;
  readonly codebookSizes: readonly number[];
  /** Signal units per grid step, per axis: [8, 8] pixels for an image, [320] samples for sound. */
  readonly stride: readonly number[];
  /** Named files: "encoder", "decoder", "quantizer", … */
  readonly files: Readonly<Record<string, ModelFile>>;
  /** Whatever the modality's preprocessing needs (value ranges, halo, sample rate, …). */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly licences: Licences;
  readonly citation?: string;
  readonly card?: readonly Measurement[];
}

export interface EncodeOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}
export type DecodeOptions = EncodeOptions;

/** Signal to tokens and back. What a plugin writes. */
export interface Codec<S> {
  readonly manifest: Manifest;
  encode(signal: S, options?: EncodeOptions): Promise<TokenGrid>;
  decode(grid: TokenGrid, options?: DecodeOptions): Promise<S>;
  /** Several at once, run as batches where the model can. */
  encodeBatch?(signals: readonly S[], options?: EncodeOptions): Promise<TokenGrid[]>;
  decodeBatch?(grids: readonly TokenGrid[], options?: DecodeOptions): Promise<S[]>;
  close(): Promise<void>;
}

/** Encoder or decoder of a causal model, fed piece by piece. */
export interface Stream<In, Out> {
  push(chunk: In): Promise<Out[]>;
  flush(): Promise<Out[]>;
}

export interface StreamingCodec<S> extends Codec<S> {
  /** Milliseconds from a sample's arrival to its token. */
  readonly latencyMs: number;
  encodeStream(): Stream<S, TokenGrid>;
  decodeStream(side: TokenGrid["side"]): Stream<TokenGrid, S>;
}

export interface LoadContext {
  readonly runtime: ModelRuntime;
  /** Bytes of one of the manifest's files, checked against its sha256. */
  readonly readFile: (name: string) => Promise<Uint8Array>;
}

export interface TokenizerPlugin<Id extends string = string, M extends Modality = Modality> {
  readonly manifest: Manifest<M> & { readonly id: Id };
  load(context: LoadContext): Promise<Codec<Signals[M]>>;
}
