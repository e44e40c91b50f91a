import { ArgumentError, ShapeError } from "@dtok/core";
import type { Codes } from "@dtok/core";
import { positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/** Codes per frame of SNAC at 24 kHz, level by level. */
const SNAC = [1, 2, 4] as const;

/**
 * Levels of several rates, frame by frame, each code before the finer codes of its time: Orpheus
 * writes SNAC's three levels as 7 codes per frame so (arXiv:2410.14411; Orpheus TTS). A grid of such
 * a tokenizer has 7 codebooks per frame, level after level (`mergeRates`).
 *
 *     a frame:  level 0   a              written:   a b d e c f g
 *               level 1   b   c
 *               level 2   d e f g
 *
 * "snac" is "snac:1,2,4"; the 44 kHz models have "snac:1,2,4,8".
 *
 * @param rates codes per frame of each level; each a multiple of the one before
 */
export function snac(rates: readonly number[] = SNAC): SequenceLayout {
  const frame = frameOrder(rates);
  return {
    spec: rates.join() === SNAC.join() ? "snac" : `snac:${rates.join(",")}`,
    period: 1,
    refuses: (levels, axes) =>
      levels === frame.length && axes === 1
        ? undefined
        : `${frame.length} codebooks on one axis (${rates.join(" + ")} per frame)`,
    order(shape, levels) {
      const frames = positionsOf(shape);
      const order = new Int32Array(frames * levels);
      for (let n = 0, i = 0; n < frames; n++) {
        for (let q = 0; q < levels; q++) order[i++] = n * levels + frame[q]!;
      }
      return order;
    },
  };
}

/** The tree of a frame's codes, depth first. */
function frameOrder(rates: readonly number[]): number[] {
  checkRates(rates);
  const starts: number[] = [];
  let total = 0;
  for (const rate of rates) {
    starts.push(total);
    total += rate;
  }
  const order: number[] = [];
  const visit = (level: number, index: number) => {
    order.push(starts[level]! + index);
    if (level + 1 === rates.length) return;
    const children = rates[level + 1]! / rates[level]!;
    for (let c = 0; c < children; c++) visit(level + 1, index * children + c);
  };
  for (let i = 0; i < rates[0]!; i++) visit(0, i);
  return order;
}

function checkRates(rates: readonly number[]): void {
  const fits =
    rates.length > 0 &&
    rates.every(
      (rate, l) => Number.isInteger(rate) && rate >= 1 && rate % (rates[l - 1] ?? 1) === 0,
    );
  if (!fits) {
    throw new ArgumentError("rates", {
      expected: "codes per frame of each level, each a multiple of the one before",
      got: rates.join(", "),
      remedy: "SNAC at 24 kHz has 1, 2, 4.",
    });
  }
}

/**
 * One array of codes per level, as SNAC's encoder gives them, as codes [frames, sum of rates].
 *
 * @param levels level l has frames * rates[l] codes
 */
export function mergeRates(
  levels: readonly ArrayLike<number>[],
  rates: readonly number[] = SNAC,
): Codes {
  checkRates(rates);
  const frames = (levels[0]?.length ?? 0) / rates[0]!;
  const width = rates.reduce((a, b) => a + b, 0);
  if (
    !Number.isInteger(frames) ||
    levels.length !== rates.length ||
    levels.some(({ length }, l) => length !== frames * rates[l]!)
  ) {
    throw new ShapeError("levels", {
      expected: `${rates.length} arrays, ${rates.join(", ")} codes per frame`,
      got: levels.map(({ length }) => length).join(", "),
      remedy: "Pass all levels of one signal, whole frames.",
    });
  }
  const data = new Int32Array(frames * width);
  let from = 0;
  for (const [l, rate] of rates.entries()) {
    const codes = levels[l]!;
    for (let n = 0; n < frames; n++) {
      for (let k = 0; k < rate; k++) data[n * width + from + k] = codes[n * rate + k]!;
    }
    from += rate;
  }
  return { data, shape: [frames, width] };
}

/** The inverse of `mergeRates`: one array of codes per level. */
export function splitRates(codes: Codes, rates: readonly number[] = SNAC): Int32Array[] {
  checkRates(rates);
  const [frames, width] = codes.shape;
  if (rates.reduce((a, b) => a + b, 0) !== width) {
    throw new ShapeError("codes", {
      expected: `[frames, ${rates.join(" + ")}]`,
      got: `[${frames}, ${width}]`,
      remedy: "Pass the rates that the codes were merged with.",
    });
  }
  let from = 0;
  return rates.map((rate) => {
    const level = new Int32Array(frames * rate);
    for (let n = 0; n < frames; n++) {
      for (let k = 0; k < rate; k++) level[n * rate + k] = codes.data[n * width + from + k]!;
    }
    from += rate;
    return level;
  });
}
