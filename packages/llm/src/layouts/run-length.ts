import { LimitError, deduplicate, expand } from "@dtok/core";
import type { Codes } from "@dtok/core";
import { identity, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

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
export function toRuns(codes: Codes, longest: number): Codes {
  const [, levels] = codes.shape;
  const { units, durations } = deduplicate(codes.data, { width: levels, maxDuration: longest });
  const runs = durations.length;
  const data = new Int32Array(runs * (levels + 1));
  for (let r = 0; r < runs; r++) {
    for (let q = 0; q < levels; q++) data[r * (levels + 1) + q] = units[r * levels + q]!;
    data[r * (levels + 1) + levels] = durations[r]! - 1;
  }
  return { data, shape: [runs, levels + 1] };
}

/**
 * The inverse of `toRuns`.
 *
 * @throws LimitError beyond 2^28 codes
 */
export function fromRuns(codes: Codes): Codes {
  const [runs, width] = codes.shape;
  const levels = width - 1;
  const units = new Int32Array(runs * levels);
  const durations = new Int32Array(runs);
  let steps = 0;
  for (let r = 0; r < runs; r++) {
    for (let q = 0; q < levels; q++) units[r * levels + q] = codes.data[r * width + q]!;
    durations[r] = codes.data[r * width + levels]! + 1;
    steps += durations[r]!;
  }
  if (steps * levels > 2 ** 28) {
    throw new LimitError("runs", {
      expected: `at most ${2 ** 28} codes`,
      got: String(steps * levels),
      remedy: "Read the sequence in pieces.",
    });
  }
  return { data: expand({ units, durations }, { width: levels }), shape: [steps, levels] };
}
