/*
 * The assignment problem: m items to K >= m codes, each code at most once, at the least total cost.
 * Shortest augmenting paths with potentials (Kuhn's Hungarian method as in Jonker and Volgenant,
 * Computing 38, 1987, doi 10.1007/BF02278710): O(m^2 K).
 */
import { ArgumentError, ShapeError } from "@dtok/core";
import type { Matrix } from "@dtok/core";

/**
 * @param costs [m, K], m <= K, finite
 * @returns the code of each item, length m
 */
export function assign(costs: Matrix): Int32Array {
  const { data, shape } = costs;
  const [rows, columns] = shape;
  if (data.length !== rows * columns) {
    throw new ShapeError("assignment", {
      expected: `${rows} x ${columns} costs`,
      got: `${data.length}`,
      remedy: "Let data.length be the product of the shape.",
    });
  }
  if (rows > columns) {
    throw new ArgumentError("assignment", {
      expected: "at most as many items as codes",
      got: `${rows} items, ${columns} codes`,
      remedy: "Leave some items out, or allow more codes.",
    });
  }
  // Index 0 stands for "none" in paths; rows and columns count from 1.
  const u = new Float64Array(rows + 1);
  const v = new Float64Array(columns + 1);
  const owner = new Int32Array(columns + 1);
  const way = new Int32Array(columns + 1);
  const least = new Float64Array(columns + 1);
  const used = new Uint8Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    owner[0] = row;
    least.fill(Infinity);
    used.fill(0);
    let column = 0;
    do {
      used[column] = 1;
      const at = owner[column]!;
      let delta = Infinity;
      let next = 0;
      for (let k = 1; k <= columns; k++) {
        if (used[k] === 1) continue;
        const reduced = data[(at - 1) * columns + k - 1]! - u[at]! - v[k]!;
        if (reduced < least[k]!) {
          least[k] = reduced;
          way[k] = column;
        }
        if (least[k]! < delta) {
          delta = least[k]!;
          next = k;
        }
      }
      if (next === 0) {
        throw new ArgumentError("assignment", {
          expected: "finite costs",
          got: "a row without any",
          remedy: "Check the vectors that the costs were computed from.",
        });
      }
      for (let k = 0; k <= columns; k++) {
        if (used[k] === 1) {
          u[owner[k]!]! += delta;
          v[k]! -= delta;
        } else least[k]! -= delta;
      }
      column = next;
    } while (owner[column] !== 0);
    while (column !== 0) {
      owner[column] = owner[way[column]!]!;
      column = way[column]!;
    }
  }
  const out = new Int32Array(rows);
  for (let k = 1; k <= columns; k++) if (owner[k]! > 0) out[owner[k]! - 1] = k - 1;
  return out;
}
