import fc from "fast-check";
import { normalise } from "../src/math/quaternion.js";

export { between, multiply, rotate } from "../src/math/quaternion.js";

const number = fc.double({ min: -1, max: 1, noNaN: true });
/** Any rotation. */
export const eulerLike = fc
  .tuple(number, number, number, number)
  .map(([x, y, z, w]) => normalise([x, y, z, w + 0.01]));
