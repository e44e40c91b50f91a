import { LimitError } from "@dtok/core";
import type { Codes } from "@dtok/core";
import { identity, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/** Longest grid that runs expand to: 1 GiB. */
const MAX_CODES = 2 ** 28;

/**
 * Each run of equal codes once, and how long it lasts: speech units without repetition, as GSLM's,
 * dGSLM's and SpeechGPT's k-means units are, yet with durations (pGSLM, arXiv:2109.03264), so that
 * nothing is lost. Durations are tokens of their own, 1 to `longest`; a longer run is written as
 * several.
 *
 *     "run-length:8", positions a a a b c c:   a 3 b 1 c 2
 */
export function runLength(longest: number): SequenceLayout {
  return {
    spec: `run-length:${longest}`,
    extent: "open",
    period: 1,
    durations: longest,
    refuses: (_levels, axes) => (axes === 1 ? undefined : "one axis, that of time"),
    // Of the rows that are written: the codes of a run and, as one codebook more, its duration.
    order: (shape, levels) => identity(positionsOf(shape) * levels),
  };
}

/** Codes [N, Q] as runs [R, Q + 1]; the last column is the duration less 1. */
export function toRuns({ data, shape }: Codes, longest: number): Codes {
  const [rows, levels] = shape;
  const width = levels + 1;
  // One pass into an array that surely holds them: where runs end is hard to foresee, so that a
  // pass to count them first would cost as much again.
  const most = new Int32Array(rows * width);
  let end = 0;
  // Units have one level. Nobody foresees where a run ends, a processor neither: it is computed, not
  // branched on, and the run under way is written at every step.
  if (levels === 1 && rows > 0) {
    let unit = data[0]!;
    let lasted = 0;
    most[0] = unit;
    for (let n = 1; n < rows; n++) {
      const next = data[n]!;
      const other = next ^ unit;
      // 1 where the unit differs or the run is full.
      const ends = ((other | -other) >>> 31) | ((longest - 2 - lasted) >>> 31);
      end += ends << 1;
      lasted = (lasted + 1) & (ends - 1);
      most[end] = unit = next;
      most[end + 1] = lasted;
    }
    end += 2;
    return { data: most.subarray(0, end), shape: [end / 2, 2] };
  }
  for (let n = 0, lasted = 0; n < rows; n++) {
    if (lasted > 0 && lasted < longest && sameRows(data, n, levels)) lasted++;
    else {
      lasted = 1;
      for (let q = 0; q < levels; q++) most[end + q] = data[n * levels + q]!;
      end += width;
    }
    most[end - 1] = lasted - 1;
  }
  return { data: most.subarray(0, end), shape: [end / width, width] };
}

/**
 * The inverse of `toRuns`.
 *
 * @throws LimitError beyond 2^28 codes
 */
export function fromRuns({ data, shape }: Codes): Codes {
  const [runs, width] = shape;
  const levels = width - 1;
  let steps = 0;
  for (let i = levels; i < runs * width; i += width) steps += data[i]! + 1;
  if (steps * levels > MAX_CODES) {
    throw new LimitError("runs", {
      expected: `at most ${MAX_CODES} codes`,
      got: String(steps * levels),
      remedy: "Read the sequence in pieces.",
    });
  }
  if (levels === 1) return { data: repeat(data, runs, steps), shape: [steps, 1] };
  const out = new Int32Array(steps * levels);
  let at = 0;
  for (let from = 0; from < runs * width; from += width) {
    for (let left = data[from + levels]!; left >= 0; left--) {
      for (let q = 0; q < levels; q++) out[at++] = data[from + q]!;
    }
  }
  return { data: out, shape: [steps, levels] };
}

/** Most runs are of a few steps: four are written at once, and the next run begins over those too many. */
function repeat(data: Int32Array, runs: number, steps: number): Int32Array {
  const out = new Int32Array(steps + 3);
  let at = 0;
  for (let i = 0; i < 2 * runs; i += 2) {
    const unit = data[i]!;
    const end = at + data[i + 1]! + 1;
    out[at] = out[at + 1] = out[at + 2] = out[at + 3] = unit;
    if (end - at > 4) out.fill(unit, at + 4, end);
    at = end;
  }
  return out.subarray(0, steps);
}

/** True if row n equals the row before it. */
function sameRows(data: Int32Array, n: number, levels: number): boolean {
  for (let i = n * levels; i < (n + 1) * levels; i++)
    if (data[i] !== data[i - levels]) return false;
  return true;
}
