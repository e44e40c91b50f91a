import type { VideoSignal } from "@dtok/core";

/** How a file becomes frames. */
export interface ReadVideoOptions {
  /** Largest frame that is taken, in pixels. Default 36 megapixels. */
  readonly maxPixels?: number;
  /**
   * Frames per second out; frames are repeated or left out to keep time. Default: the clip's own rate,
   * for clips of variable rate their mean rate.
   */
  readonly fps?: number;
  /** Stops reading. */
  readonly signal?: AbortSignal;
}

/** A clip as read from a file. */
export interface OpenedVideo extends VideoSignal {
  /** Seconds, as the file's header says; a hint for progress, not a promise. */
  readonly duration?: number;
}
