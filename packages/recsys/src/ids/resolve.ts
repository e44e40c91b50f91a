/*
 * One ID for every item, one item for every ID. Three ways:
 *
 *   suffix    one more level that counts the items of an ID: 0, 1, 2, … (TIGER, arXiv 2305.05065,
 *             section 3.1). Changes no code; the last token carries no meaning.
 *   reassign  items that share all codes but the last get different last codes, at the least total
 *             squared error (an assignment problem per prefix); who finds no room there gets the
 *             nearest free ID elsewhere.
 *   sinkhorn  the same, but spread evenly over the last level's codes by entropic optimal transport
 *             (LC-Rec, arXiv 2311.09049), for codes that are used alike.
 */
import { ArgumentError, LimitError, ShapeError, checkCodes, checkMatrixShape } from "@dtok/core";
import type { Codes, Matrix, Quantizer, VectorSource, VectorStream } from "@dtok/core";
import { assign } from "./assignment.js";
import { collisionReport, groupsOf } from "./collisions.js";
import type { CollisionReport } from "./collisions.js";
import { IdSpace, levelDistances } from "./id-space.js";
import { sinkhorn } from "./sinkhorn.js";

export type CollisionStrategy = "suffix" | "reassign" | "sinkhorn";

export interface ResolveOptions {
  /** Default "suffix". */
  readonly strategy?: CollisionStrategy;
  /** "suffix": codes of the added level, at least the largest group. Default: 256, or more where a group asks for it. */
  readonly suffixSize?: number;
  /** "sinkhorn": see `sinkhorn`. */
  readonly epsilon?: number;
  readonly signal?: AbortSignal;
}

export interface Resolution {
  /** [N, Q], or [N, Q + 1] with a suffix; no two rows are alike. */
  readonly codes: Codes;
  readonly codebookSizes: readonly number[];
  readonly before: CollisionReport;
  readonly after: CollisionReport;
  /** Items whose first Q codes are not those that the quantizer gave. */
  readonly moved: number;
  /** Mean squared error per item of the quantizer's space that the moves added; 0 for a suffix. */
  readonly addedError: number;
}

/** Items per code of the last level beyond which a group is a crowd. */
const CROWD = 16;
/** Work of one exact assignment; larger groups are served nearest first. */
const ASSIGN_WORK = 2e8;

/**
 * @param codes [N, Q] of `quantizer`
 * @param vectors what the codes were made from, N rows in the same order, in the quantizer's space; a
 *   suffix needs none. A stream is read twice at most, and only rows that may move are kept.
 * @throws LimitError if there are more items than IDs, or than a given `suffixSize` can tell apart
 */
export async function resolveCollisions(
  codes: Codes,
  quantizer: Quantizer,
  vectors?: VectorSource,
  options: ResolveOptions = {},
): Promise<Resolution> {
  const { strategy = "suffix" } = options;
  const { codebookSizes } = quantizer;
  checkCodes(codes, codebookSizes);
  const before = collisionReport(codes, codebookSizes);
  if (strategy === "suffix") return withSuffix(codes, codebookSizes, before, options.suffixSize);
  if (strategy !== "reassign" && strategy !== "sinkhorn") {
    throw new ArgumentError("collision strategy", {
      expected: '"suffix", "reassign" or "sinkhorn"',
      got: String(strategy),
      remedy: "Leave it out for a suffix.",
    });
  }
  if (vectors === undefined) {
    throw new ArgumentError("collision strategy", {
      expected: `the vectors of the items, which "${strategy}" compares`,
      got: "none",
      remedy: 'Pass them, or choose "suffix".',
    });
  }
  const room = codebookSizes.reduce((a, b) => a * b, 1);
  if (before.items > room) {
    throw new LimitError("semantic IDs", {
      expected: `at most ${room} items (${codebookSizes.join(" x ")} IDs)`,
      got: String(before.items),
      remedy: "Use more levels or larger codebooks, or resolve by suffix.",
    });
  }
  const out = await moveItems(codes, quantizer, vectors, strategy, options);
  return { ...out, before, after: collisionReport(out.codes, codebookSizes), codebookSizes };
}

function withSuffix(
  codes: Codes,
  sizes: readonly number[],
  before: CollisionReport,
  wanted: number | undefined,
): Resolution {
  const size = wanted ?? Math.max(256, before.largest);
  if (!Number.isSafeInteger(size) || size < Math.max(1, before.largest) || size > 2 ** 31) {
    throw new LimitError("suffixSize", {
      expected: `at least ${before.largest}, the items of the largest group`,
      got: String(size),
      remedy: "Leave it out, or quantize finer.",
    });
  }
  const [rows, depth] = codes.shape;
  const data = new Int32Array(rows * (depth + 1));
  for (let n = 0; n < rows; n++) {
    data.set(codes.data.subarray(n * depth, (n + 1) * depth), n * (depth + 1));
  }
  for (const group of groupsOf(codes, sizes, depth)) {
    for (const [i, row] of group.entries()) data[row * (depth + 1) + depth] = i;
  }
  const resolved: Codes = { data, shape: [rows, depth + 1] };
  const codebookSizes = [...sizes, size];
  return {
    codes: resolved,
    codebookSizes,
    before,
    // By construction; a catalogue checks every ID anew.
    after: {
      ...before,
      ids: rows,
      colliding: 0,
      rate: 0,
      largest: Math.min(1, rows),
      groups: rows > 0 ? [rows] : [],
    },
    moved: 0,
    addedError: 0,
  };
}

async function moveItems(
  codes: Codes,
  quantizer: Quantizer,
  vectors: VectorSource,
  strategy: "reassign" | "sinkhorn",
  options: ResolveOptions,
) {
  const { codebookSizes, dim } = quantizer;
  const [rows, depth] = codes.shape;
  const last = depth - 1;
  const size = codebookSizes[last]!;
  const out = codes.data.slice();

  // Groups of a shared prefix in which some ID is taken twice: all of their items may move.
  const groups: Uint32Array[] = [];
  for (const group of groupsOf(codes, codebookSizes, last)) {
    const seen = new Set<number>();
    for (const row of group) seen.add(codes.data[row * depth + last]!);
    if (seen.size < group.length) groups.push(group.slice());
  }
  const wanted = new Uint8Array(rows);
  for (const group of groups) for (const row of group) wanted[row] = 1;
  const { latents, places } = await gatherRows(vectors, wanted, dim, options.signal);
  const latentOf = (row: number) =>
    latents.subarray(places.get(row)! * dim, (places.get(row)! + 1) * dim);

  let added = 0;
  let moved = 0;
  const homeless: number[] = [];
  for (const whole of groups) {
    options.signal?.throwIfAborted();
    // Of a crowd that its codes can never hold, only the first are weighed against each other.
    const group = whole.subarray(0, CROWD * size);
    for (const row of whole.subarray(CROWD * size)) homeless.push(row);
    const m = group.length;
    const part = new Float32Array(m * dim);
    for (const [i, row] of group.entries()) part.set(latentOf(row), i * dim);
    const prefix = codes.data.subarray(group[0]! * depth, (group[0]! + 1) * depth);
    const costs = levelDistances(quantizer, part, m, prefix, last);
    const chosen =
      m * Math.min(m, size) * size > ASSIGN_WORK || m > size
        ? nearestFirst(costs, m, size)
        : strategy === "reassign"
          ? assign({ data: costs, shape: [m, size] })
          : spread(costs, m, size, options.epsilon);
    for (const [i, row] of group.entries()) {
      const code = chosen[i]!;
      if (code < 0) {
        homeless.push(row);
        continue;
      }
      const old = codes.data[row * depth + last]!;
      if (code === old) continue;
      moved++;
      added += costs[i * size + code]! - costs[i * size + old]!;
      out[row * depth + last] = code;
    }
  }
  if (homeless.length > 0) {
    const space = new IdSpace(codebookSizes);
    const waiting = new Set(homeless);
    for (let n = 0; n < rows; n++) if (!waiting.has(n)) space.take(out, n * depth, n);
    for (const row of homeless) {
      options.signal?.throwIfAborted();
      const greedy = codes.data.subarray(row * depth, (row + 1) * depth);
      const found = space.nearestFree(latentOf(row), greedy, quantizer);
      out.set(found, row * depth);
      space.take(out, row * depth, row);
      moved++;
      added += gapOf(quantizer, latentOf(row), found) - gapOf(quantizer, latentOf(row), greedy);
    }
  }
  const resolved: Codes = { data: out, shape: codes.shape };
  return { codes: resolved, moved, addedError: rows === 0 ? 0 : added / rows };
}

/** Squared distance of a latent to the decoding of an ID. */
function gapOf(quantizer: Quantizer, latent: Float32Array, codes: Int32Array): number {
  const word = quantizer.dequantize({ data: codes.slice(), shape: [1, codes.length] }).data;
  return word.reduce((sum, value, d) => sum + (latent[d]! - value) ** 2, 0);
}

/** Pairs of item and code by rising cost, each item and code once; -1 for items left over. */
function nearestFirst(costs: Float32Array, rows: number, size: number): Int32Array {
  const out = new Int32Array(rows).fill(-1);
  const taken = new Uint8Array(size);
  let left = Math.min(rows, size);
  const order = Uint32Array.from(costs, (_, i) => i).sort((a, b) => costs[a]! - costs[b]! || a - b);
  for (const at of order) {
    if (left === 0) break;
    const row = Math.floor(at / size);
    const code = at % size;
    if (out[row]! >= 0 || taken[code] === 1) continue;
    out[row] = code;
    taken[code] = 1;
    left--;
  }
  return out;
}

/** Sinkhorn's plan, rounded: the pairs with most mass first. */
function spread(
  costs: Float32Array,
  rows: number,
  size: number,
  epsilon: number | undefined,
): Int32Array {
  const plan = sinkhorn(
    { data: costs, shape: [rows, size] },
    epsilon === undefined ? {} : { epsilon },
  );
  return nearestFirst(
    plan.data.map((mass) => -mass),
    rows,
    size,
  );
}

/** The rows that are wanted, and where each lies. */
async function gatherRows(
  source: VectorSource,
  wanted: Uint8Array,
  dim: number,
  signal: AbortSignal | undefined,
) {
  const count = wanted.reduce((a, b) => a + b, 0);
  const latents = new Float32Array(count * dim);
  const places = new Map<number, number>();
  let row = 0;
  const chunks =
    typeof (source as VectorStream).chunks === "function"
      ? (source as VectorStream).chunks()
      : [source as Matrix];
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    const rows = checkMatrixShape(chunk, dim, "vectors");
    for (let n = 0; n < rows; n++, row++) {
      if (wanted[row] !== 1) continue;
      latents.set(chunk.data.subarray(n * dim, (n + 1) * dim), places.size * dim);
      places.set(row, places.size);
    }
  }
  if (row !== wanted.length) {
    throw new ShapeError("vectors", {
      expected: `${wanted.length} rows, one per row of codes`,
      got: String(row),
      remedy: "Pass the vectors that the codes were made from, in the same order.",
    });
  }
  return { latents, places };
}
