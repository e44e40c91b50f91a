import fc from "fast-check";
import { expect, it } from "vitest";
import { bitsPerUnit, paretoFront } from "./leaderboard.js";

it("finds the front of five points by hand", () => {
  const points = [
    { id: "a", x: 1, y: 3 },
    { id: "b", x: 2, y: 2 },
    { id: "c", x: 2, y: 5 },
    { id: "d", x: 3, y: 5 },
    { id: "e", x: 4, y: 9 },
  ];
  expect(paretoFront(points, "more").map(({ id }) => id)).toEqual(["a", "c", "e"]);
  expect(paretoFront(points, "less").map(({ id }) => id)).toEqual(["a", "b"]);
});

it("keeps exactly the points that no other dominates", () => {
  const point = fc.record({ x: fc.integer({ min: 0, max: 9 }), y: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(point, { maxLength: 20 }), (list) => {
      const points = list.map((p, i) => ({ ...p, id: String(i) }));
      const front = paretoFront(points, "more");
      const beats = (a: { x: number; y: number }, b: { x: number; y: number }) =>
        a.x <= b.x && a.y >= b.y && (a.x < b.x || a.y > b.y);
      for (const p of points) {
        const on = front.some((f) => f.x === p.x && f.y === p.y);
        expect(on).toBe(!points.some((other) => beats(other, p)));
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});

it("counts bits per pixel of 15360 codes per 8 x 8 pixels", () => {
  const manifest = { codebookSizes: [15360], stride: [8, 8] };
  expect(bitsPerUnit(manifest as never)).toBeCloseTo(0.2173, 4);
});
