import type { ImageSignal } from "@dtok/core";

/** A picture and when it is shown, in seconds. */
export interface TimedImage {
  readonly image: ImageSignal;
  readonly seconds: number;
}

/** Pictures at times of their own as frames at an even rate: each is shown until the next is due. */
export async function* evenFrames(
  pictures: AsyncIterable<TimedImage>,
  fps: number,
): AsyncGenerator<ImageSignal, void, undefined> {
  let current: ImageSignal | undefined;
  let start = 0;
  let next = 0;
  for await (const { image, seconds } of pictures) {
    if (!current) start = seconds;
    const due = Math.round((seconds - start) * fps);
    // Without a frame before it, there is nothing to repeat.
    if (current)
      while (next < due) {
        yield current;
        next++;
      }
    current = image;
  }
  if (current) yield current;
}

/** Mean rates come out a little off (29.98, 23.97…): the nearest usual one within 0.3 %. */
export function nominalRate(mean: number): number {
  const usual = [24000 / 1001, 30000 / 1001, 60000 / 1001, Math.round(mean)];
  const near = usual.find((rate) => Math.abs(rate - mean) < 0.003 * mean);
  return near ?? mean;
}
