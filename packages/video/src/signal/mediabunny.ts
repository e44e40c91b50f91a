import { FormatError, isDtokError, MissingError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import type { Source, VideoSample } from "mediabunny";
import type { OpenedVideo, ReadVideoOptions } from "./options.js";
import { rotateRgb } from "./rotate.js";
import { evenFrames, nominalRate } from "./rate.js";
import type { TimedImage } from "./rate.js";
import { checkFps, checkSize } from "./video.js";
import { i420ToRgb, yuvMatrix } from "./yuv.js";
import type { YuvMatrix } from "./yuv.js";

/** Packets that the mean frame rate is taken over. */
const RATE_PACKETS = 256;

/**
 * MP4, WebM, MKV, MOV … through mediabunny's demuxers and WebCodecs (the browser's own, or in Node.js
 * whatever provides it). Frames are pulled one at a time.
 */
export async function openWithMediabunny(
  source: () => Source,
  options: ReadVideoOptions,
): Promise<OpenedVideo> {
  const { ALL_FORMATS, Input, VideoSampleSink } = await import("mediabunny");
  const open = async () => {
    const input = new Input({ source: source(), formats: ALL_FORMATS });
    try {
      if (!(await input.canRead())) {
        throw new FormatError("video file", {
          expected: "MP4, MOV, WebM, Matroska or MPEG-TS",
          got: "none of these",
          remedy: "Convert the file first; in Node.js an installed ffmpeg opens more formats.",
        });
      }
      const track = await input.getPrimaryVideoTrack();
      if (!track) {
        throw new FormatError("video file", {
          expected: "a video stream",
          got: "none",
          remedy: "Check that this is the right file; sound alone is for @dtok/audio.",
        });
      }
      if (!(await track.canDecode())) {
        throw new MissingError(`decoder of ${String(await track.getCodec())}`, {
          expected: "a codec that this platform's WebCodecs decodes",
          got: String(await track.getCodec()),
          remedy: "Convert the clip to H.264, VP9 or AV1; in Node.js install ffmpeg.",
        });
      }
      return { input, track };
    } catch (error) {
      input.dispose();
      if (isDtokError(error)) throw error;
      throw new FormatError("video file", {
        expected: "a whole MP4, MOV, WebM or Matroska file",
        got: (error as Error).message,
        remedy: "Check the file; it may be cut off.",
        cause: error,
      });
    }
  };

  const { input, track } = await open();
  let [width, height, fps] = [0, 0, options.fps ?? 0];
  let duration: number | null = null;
  let color: { matrix: YuvMatrix; fullRange: boolean };
  try {
    // As stored: pixels that are not square are not stretched, by this reader as by the other.
    const { num, den } = await track.getPixelAspectRatio();
    const stored = [await track.getCodedWidth(), await track.getCodedHeight()] as const;
    const turned = (await track.getRotation()) % 180 !== 0;
    width = num === den ? await track.getDisplayWidth() : stored[turned ? 1 : 0];
    height = num === den ? await track.getDisplayHeight() : stored[turned ? 0 : 1];
    checkSize(width, height, options.maxPixels);
    const declared = await track.getColorSpace();
    color = {
      matrix: yuvMatrix(declared.matrix, width, height),
      fullRange: declared.fullRange === true,
    };
    if (options.fps === undefined) {
      const { packetCount, averagePacketRate } = await track.computePacketStats(RATE_PACKETS);
      if (packetCount === 0) {
        throw new FormatError("video stream", {
          expected: "at least one frame",
          got: "none",
          remedy: "Check the file; it may be cut off.",
        });
      }
      // A lone frame of no duration has no rate.
      fps = averagePacketRate > 0 && averagePacketRate < 1000 ? nominalRate(averagePacketRate) : 25;
    }
    checkFps(fps);
    duration = await input.getDurationFromMetadata();
  } catch (error) {
    if (isDtokError(error)) throw error;
    throw new FormatError("video file", {
      expected: "a whole header",
      got: (error as Error).message,
      remedy: "Check the file; it may be cut off.",
      cause: error,
    });
  } finally {
    input.dispose();
  }

  async function* pictures(
    samples: AsyncIterable<VideoSample>,
  ): AsyncGenerator<TimedImage, void, undefined> {
    for await (const sample of samples) {
      let image: ImageSignal;
      const seconds = sample.timestamp;
      try {
        options.signal?.throwIfAborted();
        image = await toImage(sample, color);
      } finally {
        sample.close();
      }
      if (image.width !== width || image.height !== height) {
        throw new FormatError("video file", {
          expected: `frames of ${width} x ${height} pixels throughout`,
          got: `a frame of ${image.width} x ${image.height}`,
          remedy: "Scale the clip to one size first.",
        });
      }
      yield { image, seconds };
    }
  }

  async function* frames(): AsyncGenerator<ImageSignal, void, undefined> {
    const own = await open();
    let count = 0;
    try {
      const samples = new VideoSampleSink(own.track).samples();
      for await (const frame of evenFrames(pictures(samples), fps)) {
        yield frame;
        count++;
      }
      if (count === 0) {
        throw new FormatError("video stream", {
          expected: "frames that decode",
          got: "none",
          remedy: "Check the file; it may be cut off or damaged.",
        });
      }
    } catch (error) {
      if (isDtokError(error) || options.signal?.aborted) throw error;
      throw new FormatError("video stream", {
        expected: "frames that decode",
        got: (error as Error).message,
        remedy: "Check the file; it may be damaged.",
        cause: error,
      });
    } finally {
      own.input.dispose();
    }
  }
  return {
    width,
    height,
    fps,
    ...(duration === null ? {} : { duration }),
    frames: { [Symbol.asyncIterator]: frames },
  };
}

async function toImage(
  sample: VideoSample,
  { matrix, fullRange }: { readonly matrix: YuvMatrix; readonly fullRange: boolean },
): Promise<ImageSignal> {
  const [width, height] = [sample.visibleRect.width, sample.visibleRect.height];
  const { format, rotation } = sample;
  let rgb: Uint8Array;
  if (format === "I420" || format === "NV12") {
    const data = new Uint8Array(sample.allocationSize());
    const layout = await sample.copyTo(data);
    const planes = tight(data, layout, width, height, format === "NV12");
    rgb = i420ToRgb(planes, width, height, matrix, fullRange);
  } else {
    const data = new Uint8Array(sample.allocationSize({ format: "RGBA" }));
    await sample.copyTo(data, { format: "RGBA" });
    rgb = new Uint8Array(width * height * 3);
    for (let i = 0, o = 0; o < rgb.length; i += 4, o += 3) {
      rgb[o] = data[i] as number;
      rgb[o + 1] = data[i + 1] as number;
      rgb[o + 2] = data[i + 2] as number;
    }
  }
  return rotateRgb(rgb, width, height, rotation);
}

/** Planes as a decoder laid them out to packed I420. */
function tight(
  data: Uint8Array,
  layout: readonly { readonly offset: number; readonly stride: number }[],
  width: number,
  height: number,
  interleaved: boolean,
): Uint8Array {
  const [w, h] = [(width + 1) >> 1, (height + 1) >> 1];
  const out = new Uint8Array(width * height + 2 * w * h);
  const [luma, u, v] = layout as { offset: number; stride: number }[];
  for (let y = 0; y < height; y++) {
    const from = luma!.offset + y * luma!.stride;
    out.set(data.subarray(from, from + width), y * width);
  }
  for (let y = 0; y < h; y++) {
    const to = width * height + y * w;
    if (!interleaved) {
      for (const [i, plane] of [u!, v!].entries()) {
        const from = plane.offset + y * plane.stride;
        out.set(data.subarray(from, from + w), to + i * w * h);
      }
      continue;
    }
    for (let x = 0; x < w; x++) {
      const from = u!.offset + y * u!.stride + 2 * x;
      out[to + x] = data[from] as number;
      out[to + w * h + x] = data[from + 1] as number;
    }
  }
  return out;
}
