import { ArgumentError, ValueError } from "@dtok/core";
import type { Joint, Skeleton } from "../signal.js";

/** Metres per unit of a file. "auto" tells metres, centimetres and millimetres by the skeleton's size. */
export type LengthUnit = "auto" | "m" | "cm" | "mm" | "inch" | number;

const FACTORS = { m: 1, cm: 0.01, mm: 0.001, inch: 0.0254 } as const;

/** Extent of the rest pose: the longest way from the root to a tip, in the file's units. */
function reach(joints: readonly Joint[]): number {
  let longest = 0;
  const ways = new Float64Array(joints.length);
  for (const [j, { parent, offset }] of joints.entries()) {
    if (parent < 0) continue;
    ways[j] = ways[parent]! + Math.hypot(...offset);
    longest = Math.max(longest, ways[j]!);
  }
  return longest;
}

/**
 * Metres per unit. Files such as BVH do not say; "auto" takes a body whose longest chain is 0.2 to 5
 * metres, centimetres or millimetres, and asks otherwise.
 */
export function metresPerUnit(unit: LengthUnit, skeleton: Skeleton, what: string): number {
  if (typeof unit === "number") {
    if (unit > 0 && Number.isFinite(unit)) return unit;
  } else if (unit !== "auto") {
    if (Object.hasOwn(FACTORS, unit)) return FACTORS[unit];
  } else {
    const size = reach(skeleton.joints);
    if (size === 0) return 1;
    for (const factor of [FACTORS.m, FACTORS.cm, FACTORS.mm]) {
      const metres = size * factor;
      // Small animals come in metres; what is small in other units is another unit (CMU's files).
      if (metres >= (factor === 1 ? 0.2 : 0.35) && metres <= (factor === 1 ? 5 : 6)) return factor;
    }
    throw new ValueError(`units of ${what}`, {
      expected: "a skeleton of plausible size in metres, centimetres or millimetres",
      got: `a longest chain of ${size.toPrecision(4)} units`,
      remedy:
        "Say how many metres a unit is by the option `unit` (CMU's files: 0.0564; others often inches: 0.0254).",
    });
  }
  throw new ArgumentError("unit", {
    expected: '"auto", "m", "cm", "mm", "inch" or metres per unit (a positive number)',
    got: String(unit),
    remedy: "Choose one of these.",
  });
}
