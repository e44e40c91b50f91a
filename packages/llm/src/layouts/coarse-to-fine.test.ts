import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";

describe("coarse-to-fine", () => {
  it("is its picture", () => {
    expect(draw("coarse-to-fine:1,2", [2], 3)).toBe("a0 b0 a1 a2 b1 b2");
  });

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "coarse-to-fine:4,8", levels: 12, axes: 1 }, 20);
    expectLayoutLaws({ layout: "coarse-to-fine:1,2", levels: 3, axes: 2 });
  });
});
