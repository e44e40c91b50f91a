/**
 * What each quantizer does to the same 3,000 points of the plane: the cells of its codes, its codewords,
 * and its error, all from a real fit by @dtok/core.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createQuantizer, createRandom, fitQuantizer } from "@dtok/core";
import type { Matrix, Quantizer } from "@dtok/core";
import sharp from "sharp";

/** Half the width of what is drawn, in standard deviations. */
const REACH = 2.6;
const SIZE = 360;

/** Two bent clusters, of unit variance in each direction. */
export function makePoints(count: number, seed: number): Matrix {
  const random = createRandom(seed);
  const data = new Float32Array(count * 2);
  for (let i = 0; i < count; i++) {
    const second = random.float() < 0.35;
    const angle = Math.PI * random.float();
    const x = second ? 1 - Math.cos(angle) : Math.cos(angle);
    const y = second ? 0.35 - Math.sin(angle) : Math.sin(angle);
    data[2 * i] = x + 0.13 * random.normal();
    data[2 * i + 1] = y + 0.13 * random.normal();
  }
  for (let axis = 0; axis < 2; axis++) {
    let sum = 0;
    let squares = 0;
    for (let i = axis; i < data.length; i += 2) {
      sum += data[i]!;
      squares += data[i]! ** 2;
    }
    const mean = sum / count;
    const scale = 1 / Math.sqrt(squares / count - mean ** 2);
    for (let i = axis; i < data.length; i += 2) data[i] = (data[i]! - mean) * scale;
  }
  return { data, shape: [count, 2] };
}

interface Subject {
  readonly spec: string;
  readonly title: string;
  readonly says: string;
  /** Needs no vectors to be fitted on. */
  readonly fixed?: boolean;
}

const subjects: readonly Subject[] = [
  {
    spec: "vq:16",
    title: "VQ",
    says: "Sixteen free codewords: each point goes to the nearest, so cells follow the data.",
  },
  {
    spec: "vq-cos:16",
    title: "VQ by cosine",
    says: "Only the direction counts: cells are wedges, and length is lost.",
  },
  {
    spec: "rvq:2x4",
    title: "RVQ",
    says: "Four coarse words, then the same four corrections to each: a coarse picture after one code.",
  },
  {
    spec: "pq:2x4",
    title: "PQ",
    says: "Each axis by itself with four words: the cells are a grid, even where no data are.",
  },
  {
    spec: "opq+pq:2x4",
    title: "OPQ",
    says: "The grid of PQ after a learned rotation.",
  },
  {
    spec: "lsq:2x4",
    title: "AQ (LSQ++)",
    says: "Sums of two words like RVQ, but learned together, so neither is coarse or fine.",
  },
  {
    spec: "fsq:4,4",
    title: "FSQ (tanh)",
    says: "Round each squashed coordinate to one of four levels: nothing is learned here, the encoder adapts.",
    fixed: true,
  },
  {
    spec: "fsq-clamped:4,4",
    title: "FSQ (clamped)",
    says: "The same with levels at equal distance and everything outside clipped.",
    fixed: true,
  },
  {
    spec: "lfq:2",
    title: "LFQ",
    says: "The sign of each coordinate is a bit: two dimensions, four codes.",
    fixed: true,
  },
  {
    spec: "bsq:2",
    title: "BSQ",
    says: "Signs after projection onto the circle: four unit vectors.",
    fixed: true,
  },
];

export interface QuantizerPicture {
  readonly spec: string;
  readonly title: string;
  readonly says: string;
  readonly file: string;
  readonly bits: number;
  /** Share of the variance that is lost. */
  readonly error: number;
  readonly used: number;
}

function keysOf(quantizer: Quantizer, points: Matrix): { keys: number[]; decoded: Matrix } {
  const codes = quantizer.quantize(points);
  const books = codes.shape[1];
  const keys = Array.from({ length: codes.shape[0] }, (_, n) => {
    let key = 0;
    for (let q = books - 1; q >= 0; q--) {
      key = key * quantizer.codebookSizes[q]! + codes.data[n * books + q]!;
    }
    return key;
  });
  return { keys, decoded: quantizer.dequantize(codes) };
}

async function draw(quantizer: Quantizer, points: Matrix, path: string): Promise<void> {
  const at = (pixel: number) => ((pixel + 0.5) / SIZE) * 2 * REACH - REACH;
  const to = (value: number) => ((value + REACH) / (2 * REACH)) * SIZE;
  const plane = new Float32Array(SIZE * SIZE * 2);
  for (let y = 0, i = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++, i += 2) {
      plane[i] = at(x);
      plane[i + 1] = -at(y);
    }
  }
  const { keys, decoded } = keysOf(quantizer, { data: plane, shape: [SIZE * SIZE, 2] });
  const words = new Map<number, readonly [number, number]>();
  const pixels = Buffer.alloc(SIZE * SIZE * 3);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    words.set(key, [decoded.data[2 * i]!, decoded.data[2 * i + 1]!]);
    const x = i % SIZE;
    const border = (x > 0 && keys[i - 1] !== key) || (i >= SIZE && keys[i - SIZE] !== key);
    // Pale and unlike its neighbours: hues at the golden angle.
    const hue = (key * 137.508) % 360;
    const [r, g, b] = border ? [90, 90, 100] : pastel(hue);
    pixels.set([r, g, b], 3 * i);
  }
  const marks = [
    ...Array.from({ length: 500 }, (_, i) => {
      const [x, y] = [to(points.data[2 * i]!), to(-points.data[2 * i + 1]!)];
      return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="1.3" fill="#333" fill-opacity=".55"/>`;
    }),
    ...Array.from(words.values(), ([x, y]) => {
      const [cx, cy] = [to(x).toFixed(1), to(-y).toFixed(1)];
      return `<circle cx="${cx}" cy="${cy}" r="4.5" fill="#b00020" stroke="#fff" stroke-width="1.5"/>`;
    }),
  ].join("");
  const overlay = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE}" height="${SIZE}">${marks}</svg>`,
  );
  await sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } })
    .composite([{ input: overlay }])
    .webp({ quality: 86 })
    .toFile(path);
}

function pastel(hue: number): [number, number, number] {
  const f = (n: number) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (0.87 - 0.11 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [f(0), f(8), f(4)];
}

/** Draws all into `folder`, and gives what was measured on points that no fit saw. */
export async function drawQuantizers(folder: string): Promise<QuantizerPicture[]> {
  await mkdir(folder, { recursive: true });
  const train = makePoints(3000, 1);
  const test = makePoints(3000, 2);
  const pictures: QuantizerPicture[] = [];
  for (const { spec, title, says, fixed } of subjects) {
    const quantizer = fixed ? createQuantizer(spec) : await fitQuantizer(spec, train, { seed: 1 });
    const file = `${spec.replaceAll(/[^a-z0-9]+/g, "-")}.webp`;
    await draw(quantizer, test, join(folder, file));
    const { keys, decoded } = keysOf(quantizer, test);
    let error = 0;
    for (let i = 0; i < test.data.length; i++) error += (test.data[i]! - decoded.data[i]!) ** 2;
    pictures.push({
      spec,
      title,
      says,
      file,
      bits: quantizer.codebookSizes.reduce((sum, size) => sum + Math.log2(size), 0),
      error: error / test.data.length,
      used: new Set(keys).size,
    });
  }
  return pictures;
}
