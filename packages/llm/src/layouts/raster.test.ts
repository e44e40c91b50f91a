import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";
import { Vocabulary } from "../index.js";

describe("raster", () => {
  it("is its picture", () => expect(draw("raster", [2, 3], 1)).toBe("a b c d e f"));

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "raster", levels: 1, axes: 2 });
    expectLayoutLaws({ layout: "raster", levels: 1, axes: 3 }, 15);
    expectLayoutLaws({ layout: "raster", levels: 1, axes: 2, extent: [3, 4] }, 15);
  });

  it("takes one codebook", () => {
    const modality = { id: "i", codebookSizes: [4, 4], axes: 2, layout: "raster" } as const;
    expect(() => new Vocabulary({ modalities: [modality] })).toThrow(/one codebook/);
  });
});
