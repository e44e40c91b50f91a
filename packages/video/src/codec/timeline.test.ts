import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstFrame, isKey, keyOf, stepOfFrame, stepsOf } from "./timeline.js";

describe("timeline", () => {
  it("lays 12 frames of groups of 4, two to a key, by hand", () => {
    const t = { frames: 4, groups: 2 };
    // key 0 | 1 2 3 4 | 5 6 7 8 | key 9 | 10 11 . .
    const steps = Array.from({ length: 12 }, (_, i) => stepOfFrame(t, i));
    expect(steps).toEqual([0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 4]);
    expect([0, 1, 2, 3, 4].map((s) => isKey(t, s))).toEqual([true, false, false, true, false]);
    expect([0, 1, 2, 3, 4].map((s) => firstFrame(t, s))).toEqual([0, 1, 5, 9, 10]);
    expect([stepsOf(t, 0), stepsOf(t, 1), stepsOf(t, 2), stepsOf(t, 12)]).toEqual([0, 1, 2, 5]);
  });

  it("puts every frame into exactly one step, in order", () => {
    const size = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 0, max: 400 }), (frames, groups, i) => {
        const t = { frames, groups };
        const step = stepOfFrame(t, i);
        const last = firstFrame(t, step) + (isKey(t, step) ? 1 : frames);
        expect(firstFrame(t, step)).toBeLessThanOrEqual(i);
        expect(last).toBeGreaterThan(i);
        expect(firstFrame(t, step + 1)).toBe(last);
        expect(isKey(t, keyOf(t, step))).toBe(true);
        expect(step - keyOf(t, step)).toBeLessThanOrEqual(groups);
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});
