import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";
import { Vocabulary, mergeRates, sequenceLayout, splitRates } from "../index.js";

describe("snac", () => {
  it("is its picture: a frame of levels a / b c / d e f g", () => {
    const names = "abcdefg";
    const frame = [...sequenceLayout("snac").order([1], 7)].map((q) => names[q]).join(" ");
    expect(frame).toBe("a b d e c f g");
    expect(draw("snac:1,2", [2], 3)).toBe("a0 a1 a2 b0 b1 b2");
  });

  it("reads Orpheus' 7 codes per frame as Orpheus does", () => {
    // Orpheus' decoder: level 0 is id 0, level 1 ids 1 and 4, level 2 ids 2, 3, 5 and 6 of a frame.
    const order = sequenceLayout("snac").order([1], 7);
    expect([order[0], order[1], order[4]]).toEqual([0, 1, 2]);
    expect([order[2], order[3], order[5], order[6]]).toEqual([3, 4, 5, 6]);
  });

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "snac", levels: 7, axes: 1 });
    expectLayoutLaws({ layout: "snac", levels: 7, axes: 1, extent: "open" });
    expectLayoutLaws({ layout: "snac:1,2,4,8", levels: 15, axes: 1, extent: "open" }, 10);
  });

  it("merges and splits levels of several rates", () => {
    const levels = [
      [1, 2],
      [3, 4, 5, 6],
      [7, 8, 9, 10, 11, 12, 13, 14],
    ].map((codes) => Int32Array.from(codes));
    const codes = mergeRates(levels);
    expect([...codes.data]).toEqual([1, 3, 4, 7, 8, 9, 10, 2, 5, 6, 11, 12, 13, 14]);
    expect(splitRates(codes)).toEqual(levels);
    expect(() => mergeRates([[1], [1, 2], [1, 2, 3]])).toThrow(/whole frames/);
    expect(() => mergeRates([[1]], [0])).toThrow(/multiple/);
    expect(() => splitRates({ data: new Int32Array(3), shape: [1, 3] })).toThrow(/1 \+ 2 \+ 4/);
  });

  it("refuses rates that do not divide", () => {
    const modality = { id: "s", codebookSizes: [4, 4, 4, 4, 4], axes: 1 } as const;
    expect(() => new Vocabulary({ modalities: [{ ...modality, layout: "snac:2,3" }] })).toThrow(
      /codes per frame/,
    );
  });
});
