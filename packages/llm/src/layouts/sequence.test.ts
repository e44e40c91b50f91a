import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";

describe("sequence", () => {
  it("is its picture", () => {
    expect(draw("sequence", [3], 1)).toBe("a b c");
    expect(draw("sequence", [3], 2)).toBe("a0 a1 b0 b1 c0 c1");
  });

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "sequence", levels: 1, axes: 1 });
    expectLayoutLaws({ layout: "sequence", levels: 2, axes: 1, extent: [32] }, 15);
    expectLayoutLaws({ layout: "sequence", levels: 1, axes: 1, extent: "written" }, 15);
  });
});
