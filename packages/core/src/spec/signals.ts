/** 8-bit pixels, row-major, channels interleaved (RGB or RGBA as in ImageData; 1 for grey). */
export interface ImageSignal {
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

export interface AudioSignal {
  /** One array per channel, in [-1, 1]. */
  readonly samples: readonly Float32Array[];
  /** Hertz. */
  readonly sampleRate: number;
}

export interface VideoSignal {
  readonly frames: AsyncIterable<ImageSignal> | Iterable<ImageSignal>;
  readonly width: number;
  readonly height: number;
  /** Frames per second. */
  readonly fps: number;
}

/** What each modality takes and gives back. A plugin adds its own by declaration merging. */
export interface Signals {
  image: ImageSignal;
  audio: AudioSignal;
  video: VideoSignal;
}

export type Modality = keyof Signals;
