import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressOf, blockAt, lend, LENDER_CODES, lenderMotion, motionOfLender } from "./lending.js";
import { AXIS_X, AXIS_Y, MOTION_CODES, STILL_CODE } from "./motion.js";

describe("lending between blocks", () => {
  it("goes by hand from who loses least to who gains most", () => {
    // 2 x 3 blocks; the fifth cannot lend, the last has much to gain twice.
    const losses = [4, 100, 1, 50, Infinity, 90];
    const gains = Float64Array.of(3, 2, 9, 4, 0, 0, 0, 0, 60, 5, 80, 70);
    // Two loans a block: 80 and 70 to the last, from the third and the first; then 60 to the fifth, for
    // which 50 of the fourth is too much, weighed by 1.3.
    expect([...lend(losses, gains, 3)]).toEqual([5, -1, 5, -1, -1, -1]);
  });

  it("lends to the nearest", () => {
    // A row of 12: the first, sixth and last ask once each; others lose nothing, or cannot lend.
    const gains = Float64Array.from({ length: 12 }, (_, i) => (i % 11 === 0 || i === 5 ? 9 : 0));
    const losses = [4, Infinity, 1, 1, Infinity, 4, 2, Infinity, Infinity, 3, Infinity, 4];
    const first = lend(losses, gains, 12);
    expect([...first]).toEqual([-1, -1, 0, 11, -1, -1, 5, -1, -1, -1, -1, -1]);
    // Two that lose less than all come in; the first and the last get theirs from beside.
    losses[1] = losses[10] = 0;
    const second = lend(losses, gains, 12);
    expect([...second]).toEqual([-1, 0, 5, -1, -1, -1, -1, -1, -1, -1, 11, -1]);
  });

  it("never lends twice, from one that borrows, or a later loan before an earlier", () => {
    const value = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, value, value, value), { minLength: 1, maxLength: 40 }),
        (rows) => {
          const losses = rows.map(([loss]) => loss);
          const gains = Float64Array.from(rows.flatMap(([, ...more]) => more));
          const borrowers = lend(losses, gains, 4);
          const count = new Map<number, number>();
          for (const [from, to] of borrowers.entries()) {
            if (to < 0) continue;
            expect(to).not.toBe(from);
            expect(borrowers[to]).toBe(-1);
            count.set(to, (count.get(to) ?? 0) + 1);
          }
          // All that is lent gains more than it costs.
          let net = 0;
          for (const [from, to] of borrowers.entries()) if (to >= 0) net -= losses[from]!;
          for (const [to, loans] of count) {
            expect(loans).toBeLessThanOrEqual(3);
            for (let k = 0; k < loans; k++) net += gains[3 * to + k]!;
          }
          expect(net).toBeGreaterThanOrEqual(0);
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });

  it("has inverse addresses, and none for what lies outside", () => {
    const size = fc.integer({ min: 1, max: 200 });
    fc.assert(
      fc.property(size, size, fc.nat(), fc.nat(), (rows, columns, a, b) => {
        const [from, to] = [a % (rows * columns), b % (rows * columns)];
        const code = addressOf(from, to, columns);
        if (code >= 0) {
          expect(code).toBeLessThan(15360);
          expect(blockAt(from, code, rows, columns)).toBe(to);
        }
      }),
      { seed: 6 },
    );
    expect(addressOf(0, 62, 100)).toBe(-1);
    expect(blockAt(0, 0, 200, 200)).toBe(-1);
    expect(blockAt(5, 15359, 200, 200)).toBe(-1);
  });

  it("knows short motions only", () => {
    for (let code = 0; code < LENDER_CODES; code++) {
      expect(lenderMotion(motionOfLender(code))).toBe(code);
    }
    expect(motionOfLender(lenderMotion(STILL_CODE))).toBe(STILL_CODE);
    expect(lenderMotion(0)).toBe(-1);
    expect(lenderMotion(MOTION_CODES - 1)).toBe(-1);
    for (const code of [-1, LENDER_CODES, 15000]) expect(motionOfLender(code)).toBe(STILL_CODE);
    expect([AXIS_X, AXIS_Y].every((axis) => axis.length > 17)).toBe(true);
  });
});
