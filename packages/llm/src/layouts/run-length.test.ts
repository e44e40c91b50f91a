import { createTokenGrid } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { expectLayoutLaws } from "../../test/layout-laws.js";
import { SequenceParser, TokenConstraint, Vocabulary, isAllowed, pack } from "../index.js";

const vocabulary = new Vocabulary({
  modalities: [{ id: "speech/units", codebookSizes: [9], axes: 1, layout: "run-length:3" }],
});
const [block] = vocabulary.modalities as [(typeof vocabulary.modalities)[0]];
const unit = (code: number) => block.offsets[0]! + code;
const lasts = (steps: number) => block.offsets[1]! + steps - 1;
const units = (...codes: number[]) =>
  createTokenGrid({
    codes: { data: Int32Array.from(codes), shape: [codes.length, 1] },
    shape: [codes.length],
    codebookSizes: [9],
    tokenizer: "speech/units",
  });

describe("run-length", () => {
  it("is its picture, longer runs in pieces", () => {
    const { ids } = pack(vocabulary, [units(5, 5, 2, 7, 7, 7, 7)]);
    expect([...ids]).toEqual([
      block.begin,
      unit(5),
      lasts(2),
      unit(2),
      lasts(1),
      unit(7),
      lasts(3),
      unit(7),
      lasts(1),
      block.end,
    ]);
    expect(vocabulary.tokenText(lasts(3))).toBe("<|speech/units:duration:3|>");
  });

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "run-length:3", levels: 1, axes: 1, runs: true });
    expectLayoutLaws({ layout: "run-length:64", levels: 2, axes: 1, runs: true });
  });

  it("bounds steps, not runs: in the parser, and in masks by limit or wish", () => {
    const ids = pack(vocabulary, [units(5, 5, 5, 5, 5, 1)]).ids;
    expect(() => new SequenceParser(vocabulary, { maxPositions: 5 }).push(ids)).toThrow(
      /at most 5 positions/,
    );
    expect(new SequenceParser(vocabulary, { maxPositions: 6 }).push(ids)).toHaveLength(1);
    const constraint = new TokenConstraint(vocabulary, { shapes: { "speech/units": [4] } });
    for (const id of [block.begin, unit(5), lasts(3)]) constraint.advance(id);
    const open = () => {
      const mask = constraint.allowed();
      return Array.from({ length: vocabulary.size }, (_, id) => id).filter((id) =>
        isAllowed(mask, id),
      );
    };
    expect(open()).toEqual(Array.from({ length: 9 }, (_, code) => unit(code)));
    constraint.advance(unit(1));
    expect(open()).toEqual([lasts(1)]);
    constraint.advance(lasts(1));
    expect(open()).toEqual([block.end]);
  });

  it("cannot write the extent", () => {
    const modality = { id: "s", codebookSizes: [9], axes: 1, layout: "run-length:3" } as const;
    expect(() => new Vocabulary({ modalities: [{ ...modality, extent: "written" }] })).toThrow(
      /open/,
    );
    expect(() => new Vocabulary({ modalities: [{ ...modality, layout: "run-length" }] })).toThrow(
      /longest duration/,
    );
  });
});
