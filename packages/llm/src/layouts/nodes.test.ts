import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";

describe("nodes", () => {
  it("is its picture", () => expect(draw("nodes", [2], 2)).toBe("ROW a0 a1 ROW b0 b1"));

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "nodes", levels: 3, axes: 1 });
    expectLayoutLaws({ layout: "nodes", levels: 1, axes: 1, extent: "written" }, 15);
  });
});
