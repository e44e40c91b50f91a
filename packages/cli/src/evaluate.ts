import { codebookUsage } from "@dtok/core";
import type { ImageSignal, TokenGrid } from "@dtok/core";
import { bitsPerPixel, gmsd, haarPsi, multiScaleSsim, psnr, readImage, ssim } from "@dtok/image";
import type { ImageInput, ImageTokenizer } from "@dtok/image";
import { interruption } from "./output.js";

export interface Evaluation {
  readonly input: string;
  readonly grid: readonly number[];
  readonly codes: number;
  readonly bitsPerPixel: number;
  /** dB. */
  readonly psnr: number;
  /** null where the picture is too small for the measure. */
  readonly ssim: number | null;
  readonly msSsim: number | null;
  readonly haarPsi: number | null;
  readonly gmsd: number | null;
  /** Codes seen in this picture over the codebook's size. */
  readonly codebookUsed: number;
  readonly encodeMilliseconds: number;
  readonly decodeMilliseconds: number;
}

export interface RoundTrip {
  readonly original: ImageSignal;
  readonly decoded: ImageSignal;
  readonly tokens: TokenGrid;
  readonly evaluation: Evaluation;
}

/** Reads, encodes and decodes one picture and measures what came back. */
export async function roundTrip(
  tokenizer: ImageTokenizer<ImageInput>,
  path: string,
): Promise<RoundTrip> {
  const { signal } = interruption;
  const original = await readImage(path);
  const start = performance.now();
  const tokens = await tokenizer.encode(original, { signal });
  const middle = performance.now();
  const decoded = await tokenizer.decode(tokens, { signal });
  const end = performance.now();
  const { width, height } = original;
  const usage = codebookUsage(tokens.codes, tokens.codebookSizes);
  return {
    original,
    decoded,
    tokens,
    evaluation: {
      input: path,
      grid: tokens.shape,
      codes: tokens.codes.data.length,
      bitsPerPixel: bitsPerPixel(tokens),
      psnr: psnr(original, decoded),
      ssim: Math.min(width, height) < 11 ? null : ssim(original, decoded),
      msSsim: Math.min(width, height) < 176 ? null : multiScaleSsim(original, decoded),
      haarPsi: Math.min(width, height) < 2 ? null : haarPsi(original, decoded),
      gmsd: Math.min(width, height) < 3 ? null : gmsd(original, decoded),
      codebookUsed: usage[0]?.usedShare ?? 0,
      encodeMilliseconds: middle - start,
      decodeMilliseconds: end - middle,
    },
  };
}

export const HEAD = [
  "picture",
  "grid",
  "codes",
  "bits/pixel",
  "PSNR dB",
  "SSIM",
  "codebook used",
  "encode + decode",
];

export function tableRow(e: Evaluation, name: string): string[] {
  return [
    name,
    e.grid.join(" x "),
    String(e.codes),
    e.bitsPerPixel.toFixed(3),
    e.psnr.toFixed(2),
    e.ssim === null ? "–" : e.ssim.toFixed(3),
    `${(e.codebookUsed * 100).toFixed(1)} %`,
    `${e.encodeMilliseconds.toFixed(0)} + ${e.decodeMilliseconds.toFixed(0)} ms`,
  ];
}

/** Original and reconstruction next to each other, with a white gap. */
export function sideBySide(a: ImageSignal, b: ImageSignal, gap = 12): ImageSignal {
  const width = a.width + gap + b.width;
  const height = Math.max(a.height, b.height);
  const data = new Uint8Array(width * height * 3).fill(255);
  const paste = (image: ImageSignal, left: number) => {
    const { channels } = image;
    for (let y = 0; y < image.height; y++) {
      for (let x = 0; x < image.width; x++) {
        const from = (y * image.width + x) * channels;
        const to = (y * width + left + x) * 3;
        for (let c = 0; c < 3; c++)
          data[to + c] = image.data[from + (channels === 1 ? 0 : c)] as number;
      }
    }
  };
  paste(a, 0);
  paste(b, a.width + gap);
  return { data, width, height, channels: 3 };
}
