/**
 * Learns the dictionaries of shapes that what motion leaves of a group's blocks, and what the first level
 * leaves of groups and key frames, are sums of:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/shapes.ts --initial     # cosines
 *   tsx --conditions=@dtok/source tooling/recipes/video/shapes.ts               # learned, with these in place
 *
 * Both write .runs/shapes/shapes.safetensors, which `export.ts` puts into the models. The second codes
 * training clips by clip-8x-fine as it stands, takes the residuals that it looks for shapes in, and learns
 * from them: matching pursuit, then each shape becomes the mean of what it was taken for, weighted by its
 * gains (spherical k-means; one power iteration of K-SVD, Aharon et al. 2006, doi:10.1109/TSP.2006.881199).
 * Shapes are sums of low cosines (an orthonormal DCT over 16 x 16 pixels, frames and colours).
 */
import { closeSync, mkdirSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Random, readSafetensors, writeSafetensors } from "@dtok/core";
import type { ImageSignal, ModelSession, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { GraphBuilder, matmul } from "@dtok/train";
import { writeFileAtomic } from "@dtok/train/node";
import { BLOCK, loadVideoTokenizer, SHAPES } from "@dtok/video";
import type { ShapeBook } from "@dtok/video";
import { movingClip } from "./moving.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const { values } = parseArgs({
  options: {
    initial: { type: "boolean", default: false },
    again: { type: "boolean", default: false },
    clips: { type: "string", default: "120" },
    rounds: { type: "string", default: "12" },
    seed: { type: "string", default: "1" },
  },
});
const [clips, rounds, seed] = [values.clips, values.rounds, values.seed].map(Number) as [
  number,
  number,
  number,
];
/** Cosines that shapes are sums of. */
const COSINES = 640;
/**
 * Shapes that a block is taken apart into, in learning. A block has three or four a group, and what they
 * leave comes again with the next: a dictionary for the first stages alone would be poor in detail.
 */
const STAGES = 12;
/** Residuals of one round. */
const ROUND = 12_000;
const PIXELS = BLOCK * BLOCK;

function dct(n: number): number[][] {
  return Array.from({ length: n }, (_, k) =>
    Array.from(
      { length: n },
      (__, x) => Math.cos((Math.PI * (x + 0.5) * k) / n) * Math.sqrt((k ? 2 : 1) / n),
    ),
  );
}

/** Luma, red against blue, green against both: orthonormal. */
const COLOURS = [
  [1, 1, 1],
  [1, 0, -1],
  [1, -2, 1],
].map((row) => row.map((v) => v / Math.hypot(...row)));

/** The lowest cosines [COSINES, L] of `frames` frames of a block: those of time and colour cost more. */
function cosines(frames: number): Float32Array {
  const [space, time] = [dct(BLOCK), dct(frames)];
  const all: { cost: number; t: number; k: number; v: number; u: number }[] = [];
  for (let t = 0; t < frames; t++) {
    for (let k = 0; k < 3; k++) {
      for (let v = 0; v < BLOCK; v++) {
        for (let u = 0; u < BLOCK; u++) {
          const cost = Math.hypot(v, u) * (k ? 1.8 : 1) + 2.5 * t + (k ? 3 : 0);
          all.push({ cost, t, k, v, u });
        }
      }
    }
  }
  const length = PIXELS * frames * 3;
  const out = new Float32Array(COSINES * length);
  for (const [i, a] of all
    .toSorted((x, y) => x.cost - y.cost)
    .slice(0, COSINES)
    .entries()) {
    for (let p = 0; p < PIXELS; p++) {
      const across = space[a.u]![p % BLOCK]! * space[a.v]![Math.floor(p / BLOCK)]!;
      for (let f = 0; f < frames; f++) {
        for (let c = 0; c < 3; c++) {
          out[i * length + (p * frames + f) * 3 + c] = across * time[a.t]![f]! * COLOURS[a.k]![c]!;
        }
      }
    }
  }
  return out;
}

const runtime = await createRuntime();
const sessions = new Map<string, ModelSession>();

/** a [n, k] times b [m, k] transposed. */
async function product(a: Tensor, b: Tensor, transposeB: boolean): Promise<Float32Array> {
  const key = `${a.shape[1]} ${b.shape.join()} ${transposeB}`;
  let session = sessions.get(key);
  if (!session) {
    const g = new GraphBuilder("product");
    const x = g.input("a", ["n", a.shape[1]!]);
    const y = g.input("b", b.shape.slice());
    session = await runtime.load(g.toOnnx({ y: matmul(x, y, { transposeB }) }, {}), { threads: 1 });
    sessions.set(key, session);
  }
  return (await session.run({ a, b })).y!.data as Float32Array;
}

/** One kind of dictionary: its cosines, and residuals as their coefficients. */
interface Kind {
  readonly frames: number;
  readonly basis: Float32Array;
  /** Shapes that stay the lowest cosines: detail that comes back group after group wants all of them. */
  readonly fixed: number;
  readonly rows: Float32Array[];
}
const group: Kind = { frames: 4, basis: cosines(4), fixed: 240, rows: [] };
const key: Kind = { frames: 1, basis: cosines(1), fixed: 0, rows: [] };

/** What `book` is asked to look for is kept, too: each block with this likelihood. */
function listen(book: ShapeBook, kind: Kind, random: Random, likelihood: number): void {
  const encode = book.encode.bind(book);
  const length = PIXELS * kind.frames * 3;
  book.encode = async (target, base, columns, stages, wanted) => {
    const found: Float32Array[] = [];
    const count = target[0]!.length / (PIXELS * 3);
    for (let block = 0; block < count; block++) {
      if (random.float() >= likelihood || (wanted && !wanted[block])) continue;
      const row = new Float32Array(length);
      const start = (Math.floor(block / columns) * BLOCK * columns + (block % columns)) * BLOCK;
      for (let p = 0; p < PIXELS; p++) {
        const at = (start + Math.floor(p / BLOCK) * columns * BLOCK + (p % BLOCK)) * 3;
        for (let f = 0; f < kind.frames; f++) {
          for (let c = 0; c < 3; c++) {
            row[(p * kind.frames + f) * 3 + c] = target[f]![at + c]! - base[f]![at + c]!;
          }
        }
      }
      found.push(row);
    }
    const data = new Float32Array(found.length * length);
    for (const [i, row] of found.entries()) data.set(row, i * length);
    const a = { data, shape: [found.length, length] };
    if (found.length > 0) {
      const low = await product(a, { data: kind.basis, shape: [COSINES, length] }, true);
      for (let i = 0; i < found.length; i++) {
        kind.rows.push(low.slice(i * COSINES, (i + 1) * COSINES));
      }
    }
    return encode(target, base, columns, stages, wanted);
  };
}

async function collect(): Promise<void> {
  const data = join(root, ".data", "video");
  const json = (name: string) =>
    JSON.parse(readFileSync(join(data, name), "utf8")) as { count: number; size: number };
  const [crops, records] = [json("train-crops.json"), json("train-records.json")];
  const cropFile = openSync(join(data, "train-crops.bin"), "r");
  const recordFile = openSync(join(data, "train-records.bin"), "r");
  const read = (file: number, bytes: number, index: number) => {
    const buffer = Buffer.alloc(bytes);
    readSync(file, buffer, 0, bytes, index * bytes);
    return buffer;
  };
  const tokenizer = await loadVideoTokenizer("clip-8x-fine");
  const random = new Random(seed);
  const { books } = tokenizer.codec as unknown as {
    books: { shapes: ShapeBook; keyShapes: ShapeBook };
  };
  listen(books.shapes, group, random, 0.6);
  listen(books.keyShapes, key, random, 1);
  const { size } = records;
  const count = 9;
  const plane = size * size * 3;
  for (let i = 0; i < clips; i++) {
    const picture = () => read(cropFile, crops.size ** 2 * 3, random.integer(crops.count));
    const bytes =
      random.float() < 0.3
        ? movingClip(random, [picture(), picture()], crops.size, size, count)
        : read(recordFile, count * plane, random.integer(records.count));
    const frames = Array.from({ length: count }, (_, f): ImageSignal => ({
      data: new Uint8Array(bytes.subarray(f * plane, (f + 1) * plane)),
      width: size,
      height: size,
      channels: 3,
    }));
    await tokenizer.encode({ frames, width: size, height: size, fps: 25 });
    if (i % 20 === 19) console.log(`${i + 1} clips: ${group.rows.length}, ${key.rows.length}`);
  }
  await tokenizer.close();
  closeSync(cropFile);
  closeSync(recordFile);
}

function pack(list: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(list.length * COSINES);
  for (const [i, row] of list.entries()) out.set(row, i * COSINES);
  return out;
}

/** Matching pursuit over residuals [n, COSINES]: share of their weight that stays, after four stages and after all; sums of what was taken. */
async function pursue(x: Float32Array, shapes: Float32Array) {
  const n = x.length / COSINES;
  const all = { data: shapes, shape: [SHAPES, COSINES] };
  const correlations = await product({ data: x, shape: [n, COSINES] }, all, true);
  const products = await product(all, all, true);
  const sums = new Float32Array(SHAPES * COSINES);
  const uses = new Int32Array(SHAPES);
  let [before, early, after] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const rest = x.subarray(i * COSINES, (i + 1) * COSINES);
    const c = correlations.subarray(i * SHAPES, (i + 1) * SHAPES);
    for (const v of rest) before += v * v;
    for (let stage = 0; stage < STAGES; stage++) {
      let best = 0;
      for (let k = 1; k < SHAPES; k++) if (Math.abs(c[k]!) > Math.abs(c[best]!)) best = k;
      const gain = c[best]!;
      uses[best]!++;
      for (let d = 0, at = best * COSINES; d < COSINES; d++, at++) {
        sums[at]! += gain * rest[d]!;
        rest[d]! -= gain * shapes[at]!;
      }
      for (let k = 0; k < SHAPES; k++) c[k]! -= gain * products[best * SHAPES + k]!;
      if (stage === 3) for (const v of rest) early += v * v;
    }
    for (const v of rest) after += v * v;
  }
  const percent = (v: number) => `${((100 * v) / before).toFixed(2)} %`;
  return { left: `${percent(early)}, then ${percent(after)}`, sums, uses };
}

/** Learned shapes [SHAPES, COSINES], the most used first; the cosines themselves with no rounds. */
async function learn({ rows, frames, fixed }: Kind): Promise<Float32Array> {
  const random = new Random(seed, 2 + frames);
  let shapes = new Float32Array(SHAPES * COSINES);
  for (let k = 0; k < SHAPES; k++) shapes[k * COSINES + k] = 1;
  if (rows.length === 0) return shapes;
  // Faint blocks count as much as others.
  const scaled = rows
    .map((row) => [row, Math.hypot(...row)] as const)
    .filter(([, length]) => length > Math.sqrt(PIXELS * frames * 3))
    .map(([row, length]) => row.map((v) => v / length));
  const held = Math.min(2000, scaled.length >> 3);
  const order = scaled.toSorted(() => random.float() - 0.5);
  const [test, train] = [order.slice(0, held), order.slice(held)];
  let used = new Int32Array(SHAPES);
  for (let round = 0; round < rounds; round++) {
    const { left } = await pursue(pack(test), shapes);
    console.log(`${frames} frames, round ${round}: ${left} left`);
    const batch = Array.from({ length: Math.min(ROUND, train.length) }, () =>
      random.integer(train.length),
    );
    const { sums, uses } = await pursue(pack(batch.map((i) => train[i]!)), shapes);
    used = uses;
    const next = new Float32Array(shapes.length);
    next.set(shapes.subarray(0, fixed * COSINES));
    for (let k = fixed; k < SHAPES; k++) {
      // One that hardly anything takes begins anew, as a residual.
      const fresh = uses[k]! < 4;
      const row = fresh
        ? train[random.integer(train.length)]!
        : sums.subarray(k * COSINES, (k + 1) * COSINES);
      const length = Math.hypot(...row);
      for (let d = 0; d < COSINES; d++) next[k * COSINES + d] = row[d]! / length;
    }
    shapes = next;
  }
  const { left } = await pursue(pack(test), shapes);
  console.log(`${frames} frames, at the end: ${left} left`);
  const ranks = Array.from(used, (uses, k) => ({ uses, k })).toSorted((a, b) => b.uses - a.uses);
  const sorted = new Float32Array(shapes.length);
  for (const [i, { k }] of ranks.entries()) {
    sorted.set(shapes.subarray(k * COSINES, (k + 1) * COSINES), i * COSINES);
  }
  return sorted;
}

const folder = join(root, ".runs", "shapes");
mkdirSync(folder, { recursive: true });
/** What was collected, for other ways to learn from it. */
const collected = join(folder, "residuals.safetensors");
if (values.again) {
  const { tensors } = readSafetensors(readFileSync(collected));
  for (const [name, kind] of Object.entries({ group, key })) {
    const { data } = tensors[name] as Tensor<Float32Array>;
    for (let i = 0; i < data.length; i += COSINES) kind.rows.push(data.slice(i, i + COSINES));
  }
} else if (!values.initial) {
  await collect();
  const tensors = Object.fromEntries(
    Object.entries({ group, key }).map(([name, { rows }]) => [
      name,
      { data: pack(rows), shape: [rows.length, COSINES] },
    ]),
  );
  writeFileAtomic(collected, writeSafetensors(tensors, {}));
}
const tensors: Record<string, Tensor> = {};
for (const [name, kind] of Object.entries({ group, key })) {
  const length = PIXELS * kind.frames * 3;
  const shapes = { data: await learn(kind), shape: [SHAPES, COSINES] };
  const data = await product(shapes, { data: kind.basis, shape: [COSINES, length] }, false);
  tensors[name] = { data, shape: [SHAPES, length] };
}
writeFileAtomic(join(folder, "shapes.safetensors"), writeSafetensors(tensors, {}));
for (const session of sessions.values()) await session.close();
await runtime.close();
