import { LENDER_CODE, PICTURE_CODE } from "./clip-codec.js";
import { motionOfLender, REACH } from "./lending.js";
import { AXIS_X, AXIS_Y, MOTION_CODES } from "./motion.js";
import { GAINS, SHAPES } from "./shapes.js";

/** What one code of a block says. */
export type CodeMeaning =
  /** FSQ entry of 8 x 8 pixels of a picture. */
  | { readonly kind: "cell" }
  /** FSQ entry of what motion leaves of the block, read together with those around it. */
  | { readonly kind: "latent" }
  /** A shape of the dictionary (of key frames or of groups) and what it is multiplied by. */
  | { readonly kind: "shape"; readonly shape: number; readonly gain: number }
  /** Where the block, or with `quarters` a quarter of it, comes from in the last frame before, pixels. */
  | {
      readonly kind: "motion";
      readonly dx: number;
      readonly dy: number;
      readonly quarters: boolean;
    }
  /** The block lends the shapes that follow to another, `rows` below and `columns` right of it. */
  | { readonly kind: "loan"; readonly rows: number; readonly columns: number }
  /** The group is a picture from its frame `before` on. */
  | { readonly kind: "picture"; readonly before: number }
  /** Nothing: a code that no encoder writes in this place. */
  | { readonly kind: "none" };

/**
 * What the code at `place` of a block says, from all codes of the block.
 *
 * @param step whether its step is a key frame, a group, or a group that is a picture (the first code of
 *   the step's first block is PICTURE_CODE or more)
 */
export function meaningOf(
  codes: ArrayLike<number>,
  place: number,
  step: "key" | "group" | "picture",
): CodeMeaning {
  const code = codes[place] as number;
  const shape = (): CodeMeaning => {
    const gain = GAINS[Math.floor(code / (2 * SHAPES))] ?? 0;
    const negative = Math.floor(code / SHAPES) % 2 === 1;
    return { kind: "shape", shape: code % SHAPES, gain: negative ? -gain : gain };
  };
  if (place >= 4) return shape();
  if (step === "picture" && code >= PICTURE_CODE && place === 0) {
    return { kind: "picture", before: code - PICTURE_CODE };
  }
  if (step !== "group") return { kind: "cell" };
  const way = Math.floor((codes[0] as number) / MOTION_CODES);
  const motion = (of: number): CodeMeaning => ({
    kind: "motion",
    dx: (AXIS_X[of % AXIS_X.length] as number) / 4,
    dy: (AXIS_Y[Math.floor(of / AXIS_X.length)] as number) / 4,
    quarters: way === 2,
  });
  if (place === 0) {
    return motion(way < 3 ? code % MOTION_CODES : motionOfLender(code - LENDER_CODE));
  }
  if (way === 3 && place === 1) {
    const side = 2 * REACH + 1;
    return { kind: "loan", rows: Math.floor(code / side) - REACH, columns: (code % side) - REACH };
  }
  if (way === 0) return { kind: "latent" };
  if (way === 1 || way === 3) return shape();
  return way === 2 && code < MOTION_CODES ? motion(code) : { kind: "none" };
}
