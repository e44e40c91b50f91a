import { isDtokError } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatId, idTokens, levelName, parseId } from "./print.js";

describe("IDs as text", () => {
  it("prints the example of LC-Rec", () => {
    expect(formatId([12, 200, 7, 0])).toBe("<a_12><b_200><c_7><d_0>");
    expect([...parseId("<a_12><b_200><c_7><d_0>", [256, 256, 256, 4])]).toEqual([12, 200, 7, 0]);
    expect([0, 25, 26, 51, 52, 701, 702].map(levelName)).toEqual(
      ["a", "z", "aa", "az", "ba", "zz", "aaa"], // as columns of a sheet
    );
    expect(idTokens([2, 1])).toEqual(["<a_0>", "<a_1>", "<b_0>"]);
  });

  it("parses what it prints", () => {
    const codes = fc.array(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(codes, (list) => {
        expect([...parseId(formatId(list))]).toEqual(list);
      }),
      { seed: 1, numRuns: 200 },
    );
    expect([...parseId(" <a_1> <b_2>\n")]).toEqual([1, 2]);
  });

  it.each([
    ["", undefined],
    ["<a_1><c_2>", undefined],
    ["<b_1>", undefined],
    ["<a_01>", undefined],
    ["<a_-1>", undefined],
    ["<a_1>x", undefined],
    ["<a_1", undefined],
    ["<a_99999999999>", undefined],
    ["<a_1>", [4, 4]],
    ["<a_1><b_2><c_3>", [4, 4]],
    ["<a_4><b_0>", [4, 4]],
    [7, undefined],
    [null, undefined],
  ])("refuses %j", (text, sizes) => {
    let error: unknown;
    try {
      parseId(text as string, sizes as number[] | undefined);
    } catch (caught) {
      error = caught;
    }
    expect(isDtokError(error)).toBe(true);
  });

  it("refuses to print what is no code", () => {
    for (const bad of [[-1], [1.5], [NaN]]) expect(() => formatId(bad)).toThrow(/codes/);
    expect(() => levelName(-1)).toThrow(/level/);
  });
});
