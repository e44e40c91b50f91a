import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";
import { Vocabulary } from "../index.js";

describe("level-major", () => {
  it("is its picture", () => expect(draw("level-major", [3], 2)).toBe("a0 b0 c0 a1 b1 c1"));

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "level-major", levels: 3, axes: 2 });
    expectLayoutLaws({ layout: "level-major", levels: 2, axes: 1, extent: [5] }, 15);
  });

  it("needs the extent", () => {
    const modality = { id: "s", codebookSizes: [4, 4], axes: 1, layout: "level-major" } as const;
    expect(() => new Vocabulary({ modalities: [{ ...modality, extent: "open" }] })).toThrow(
      /needs the extent/,
    );
  });
});
