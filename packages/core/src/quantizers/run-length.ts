import { LimitError, ShapeError, ValueError } from "../errors/index.js";
import { checkInteger } from "./checks.js";
import type { Technique } from "./technique.js";

/** Units without repetition, and how long each lasts: sum of `durations` = length of the sequence. */
export interface RunLengthUnits {
  readonly units: Int32Array;
  /** Steps, at least 1 each. */
  readonly durations: Int32Array;
}

export interface DeduplicateOptions {
  /** Longer runs are split, so that durations fit a vocabulary. Default: no bound. */
  readonly maxDuration?: number;
}

/** Longest sequence that `expand` makes from durations: 1 GiB of units. */
const MAX_LENGTH = 2 ** 28;

/**
 * Merges runs of one unit, as speech language models do with k-means units; with the durations it
 * is invertible by `expand`.
 *
 * @param codes one sequence, or codes [N, Q] as a matrix with `width` = Q, where a run is a run of
 *   equal rows; units then has Q numbers per run
 */
export function deduplicate(
  codes: Int32Array | readonly number[],
  options: DeduplicateOptions & { readonly width?: number } = {},
): RunLengthUnits {
  const width = checkInteger(options.width ?? 1, 1, 65536, "width");
  const most = checkInteger(options.maxDuration ?? 2 ** 31 - 1, 1, 2 ** 31 - 1, "maxDuration");
  if (codes.length % width !== 0) {
    throw new ShapeError("codes", {
      expected: `a multiple of ${width} codes`,
      got: String(codes.length),
      remedy: "Pass whole positions.",
    });
  }
  const rows = codes.length / width;
  // First pass: where runs begin. Second: their units, in arrays of the right length.
  const starts: number[] = [];
  for (let n = 0; n < rows; n++) {
    const last = starts.length === 0 ? -1 : starts[starts.length - 1]!;
    if (last < 0 || n - last === most || !equalRows(codes, n, n - 1, width)) starts.push(n);
  }
  const units = new Int32Array(starts.length * width);
  const durations = new Int32Array(starts.length);
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i]!;
    for (let q = 0; q < width; q++) units[i * width + q] = codes[start * width + q]!;
    durations[i] = (i + 1 < starts.length ? starts[i + 1]! : rows) - start;
  }
  return { units, durations };
}

/**
 * The inverse of `deduplicate`: every unit as often as its duration says. Neighbours may be equal.
 *
 * @throws ShapeError if there are not `width` units per duration, ValueError for a duration below 1,
 *   LimitError for a sequence of more than 2^28 codes
 */
export function expand(
  runs: {
    readonly units: Int32Array | readonly number[];
    readonly durations: Int32Array | readonly number[];
  },
  options: { readonly width?: number } = {},
): Int32Array {
  const width = checkInteger(options.width ?? 1, 1, 65536, "width");
  const { units, durations } = runs;
  if (units.length !== durations.length * width) {
    throw new ShapeError("run-length units", {
      expected: `${durations.length * width} units for ${durations.length} durations`,
      got: String(units.length),
      remedy: "Pass both lists whole, as deduplicate made them.",
    });
  }
  let rows = 0;
  for (let i = 0; i < durations.length; i++) {
    const duration = durations[i]!;
    if (!Number.isSafeInteger(duration) || duration < 1) {
      throw new ValueError("durations", {
        expected: "integers of at least 1",
        got: `${duration} at ${i}`,
        remedy: "A unit that lasts no step is left out of both lists.",
      });
    }
    rows += duration;
  }
  if (rows * width > MAX_LENGTH) {
    throw new LimitError("durations", {
      expected: `at most ${MAX_LENGTH} codes in all`,
      got: String(rows * width),
      remedy: "Expand the sequence in pieces.",
    });
  }
  const out = new Int32Array(rows * width);
  let at = 0;
  for (let i = 0; i < durations.length; i++) {
    for (let k = durations[i]!; k > 0; k--) {
      for (let q = 0; q < width; q++) out[at++] = units[i * width + q]!;
    }
  }
  return out;
}

function equalRows(
  codes: Int32Array | readonly number[],
  a: number,
  b: number,
  width: number,
): boolean {
  for (let q = 0; q < width; q++) if (codes[a * width + q] !== codes[b * width + q]) return false;
  return true;
}

export const techniques: readonly Technique[] = [
  {
    id: "t-run-length-deduplication",
    name: "Run-length deduplication of units, with durations",
    family: "units",
    file: "quantizers/run-length.ts",
    use: "deduplicate(codes), expand(runs)",
    source:
      "Lakhotia et al., arXiv 2102.01192, section 3.1 (units); durations: Kharitonov et al., arXiv 2109.03264",
  },
];
