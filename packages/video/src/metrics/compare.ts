import { ShapeError } from "@dtok/core";
import type { VideoSignal } from "@dtok/core";
import { frameRgb, framesOf } from "../signal/video.js";
import { lumaSsim } from "./ssim.js";

export interface VideoComparison {
  readonly frames: number;
  /** PSNR over all RGB samples of all frames together, decibels. */
  readonly psnr: number;
  /** Mean over frames of the PSNR of each, decibels (frames without error left out). */
  readonly meanFramePsnr: number;
  /** Mean over frames of the structural similarity of luma. */
  readonly ssim: number;
  /**
   * Flicker: root mean square over RGB samples of the error of frame differences,
   * (y[t] - y[t-1]) - (x[t] - x[t-1]), in 8-bit steps. 0 for a single frame.
   */
  readonly flicker: number;
}

/** Compares two clips frame by frame as they come, two frames of each in memory. */
export async function compareVideos(
  original: VideoSignal,
  other: VideoSignal,
): Promise<VideoComparison> {
  const { width, height } = original;
  const iterator = framesOf(other);
  let [frames, squared, psnrs, measured, ssim, flicker] = [0, 0, 0, 0, 0, 0];
  let before: Float32Array | undefined;
  const samples = width * height * 3;
  try {
    for await (const frame of original.frames) {
      const { done, value } = await iterator.next();
      if (done) throw lengths("fewer");
      const a = frameRgb(frame, width, height);
      const b = frameRgb(value, width, height);
      const error = new Float32Array(samples);
      let sum = 0;
      for (let i = 0; i < samples; i++) {
        const e = (b[i] as number) - (a[i] as number);
        error[i] = e;
        sum += e * e;
      }
      squared += sum;
      if (sum > 0) {
        psnrs += 10 * Math.log10((255 ** 2 * samples) / sum);
        measured++;
      }
      ssim += lumaSsim(a, b, width, height);
      if (before) {
        for (let i = 0; i < samples; i++) {
          flicker += ((error[i] as number) - (before[i] as number)) ** 2;
        }
      }
      before = error;
      frames++;
    }
    if (!(await iterator.next()).done) throw lengths("more");
  } finally {
    await iterator.return?.();
  }
  return {
    frames,
    psnr: 10 * Math.log10((255 ** 2 * samples * frames) / squared),
    meanFramePsnr: measured > 0 ? psnrs / measured : Infinity,
    ssim: ssim / frames,
    flicker: frames > 1 ? Math.sqrt(flicker / (samples * (frames - 1))) : 0,
  };
}

function lengths(got: string): ShapeError {
  return new ShapeError("clips to compare", {
    expected: "as many frames in both",
    got: `${got} in the second`,
    remedy: "Cut them to one length.",
  });
}
