/**
 * What the page asks of its worker, and what comes back. All of it is plain data: typed arrays, numbers
 * and words.
 */

/** A name and what it is, to be shown side by side. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** Numbers in 0..255 to be drawn by a colour map, rows packed. */
export interface Field {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8ClampedArray<ArrayBuffer>;
}

export interface Picture {
  readonly kind: "picture";
  readonly width: number;
  readonly height: number;
  /** RGBA. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}
export interface Sound {
  readonly kind: "sound";
  readonly wav: Uint8Array<ArrayBuffer>;
  readonly seconds: number;
  /** Decibels by time and pitch; the highest pitch is the first row. */
  readonly spectrogram: Field;
}
export interface Clip {
  readonly kind: "clip";
  readonly width: number;
  readonly height: number;
  /** Frames per second. */
  readonly fps: number;
  /** RGBA of each. */
  readonly frames: readonly Uint8ClampedArray<ArrayBuffer>[];
}
export interface Body {
  readonly kind: "body";
  readonly fps: number;
  readonly frames: number;
  /** Of each joint; -1 for the root. */
  readonly parents: readonly number[];
  /** Of each joint: 0 middle, 1 left, 2 right. */
  readonly sides: readonly number[];
  /** [frames, joints, 3], metres, y up. */
  readonly places: Float32Array;
}
export type Media = Picture | Sound | Clip | Body;

/** How far a result is from the original. */
export interface ErrorView {
  /** What black and what yellow mean. */
  readonly legend: string;
  /** Where it is: one field, or one a frame. */
  readonly fields?: readonly Field[];
  /** The same over time (or over items). */
  readonly series?: {
    readonly values: Float32Array;
    readonly name: string;
    readonly unit: string;
    /** What the last value's place is called: "8.0 s", "108 items". */
    readonly end: string;
  };
}

/** What a slider over levels goes through; `from` to `to` whole steps. */
export interface Levels {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** What each setting means, `to - from + 1` texts. */
  readonly says: readonly string[];
}

export interface Encoded {
  /** Id of the tokenizer. */
  readonly tokenizer: string;
  /** Extent of the positions: [t], [h, w], [t, h, w]. */
  readonly shape: readonly number[];
  readonly codebookSizes: readonly number[];
  /** [N, Q]. */
  readonly codes: Int32Array<ArrayBuffer>;
  /** RGB of every code, one array for each different codebook; codes alike have colours alike. */
  readonly palettes: readonly Uint8Array[];
  /** Which palette each codebook has. */
  readonly paletteOf: readonly number[];
  /** What codebooks are called. */
  readonly codebooks: readonly string[];
  /** What codes of each palette are called, where they have names. */
  readonly codeNames?: readonly (readonly string[])[];
  /** What positions are called, where they have names. */
  readonly names?: readonly string[];
  readonly facts: readonly Fact[];
  readonly levels: Levels | null;
  /** Signal units per position, where they matter to the view. */
  readonly stride: readonly number[];
  readonly milliseconds: number;
}

export interface Decoded {
  /** Null where tokens stand for no media: nodes and items. */
  readonly media: Media | null;
  /** Compared with the original, where there is one. */
  readonly facts: readonly Fact[];
  readonly error: ErrorView | null;
  /** What of the result was made anew, in words. */
  readonly made: string;
  readonly milliseconds: number;
}

/** What one token holds. */
export interface Held {
  readonly facts: readonly Fact[];
  /** Its vector. */
  readonly vector: Float32Array | null;
  /** What it decodes to by itself. */
  readonly prototype: { readonly media: Media; readonly says: string } | null;
  /** What its position's tokens are nearest to. */
  readonly near: {
    readonly says: string;
    readonly rows: readonly { readonly name: string; readonly share: number }[];
  } | null;
  /** A node amid its anchors. */
  readonly star: {
    readonly node: string;
    readonly anchors: readonly { readonly name: string; readonly distance: number }[];
    readonly relations: readonly string[];
  } | null;
}

/** What a file turned out to be. */
export interface Opened {
  readonly modality: string;
  readonly media: Media | null;
  readonly facts: readonly Fact[];
  /** Tokenizers that take it, the default first. */
  readonly tokenizers: readonly string[];
  /** Said once, where less than the whole file is taken. */
  readonly note?: string;
}

/** Samples that the page decoded, where only it can. */
export interface RawSound {
  readonly samples: readonly Float32Array[];
  readonly sampleRate: number;
}

/** "main" is what is edited, "rival" what it is compared with. */
export type Slot = "main" | "rival";

export interface Calls {
  open: {
    args: { modality: string; name: string; input: Blob | RawSound };
    result: Opened;
  };
  /** A token file: no original, else as if it had just been encoded. */
  restore: { args: { name: string; input: Blob }; result: Opened & { encoded: Encoded } };
  encode: { args: { slot: Slot; tokenizer: string }; result: Encoded };
  decode: {
    args: { slot: Slot; codes: Int32Array; level: number | null };
    result: Decoded;
  };
  describe: {
    args: { slot: Slot; codes: Int32Array; at: number; level: number | null };
    result: Held;
  };
  /** The token file of codes as they are. */
  save: { args: { codes: Int32Array }; result: Uint8Array<ArrayBuffer> };
}
export type CallName = keyof Calls;

export interface Progress {
  readonly says: string;
  readonly done: number;
  /** 0 where it is not known. */
  readonly total: number;
}
export interface Request {
  readonly id: number;
  readonly call: CallName;
  readonly args: unknown;
}
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly progress: Progress };
