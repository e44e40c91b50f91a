import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";

describe("row-separated", () => {
  it("is its picture", () => {
    expect(draw("row-separated", [2, 2], 1)).toBe("a b ROW c d ROW");
    expect(draw("row-separated", [2, 1], 2)).toBe("a0 a1 ROW b0 b1 ROW");
  });

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "row-separated", levels: 1, axes: 2 });
    expectLayoutLaws({ layout: "row-separated", levels: 2, axes: 3 }, 15);
  });
});
