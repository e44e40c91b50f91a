import { createTokenGrid } from "@dtok/core";
import { buildTrie } from "@dtok/recsys";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";
import { TokenConstraint, Vocabulary, isAllowed, pack, unpack } from "../index.js";
import type { TokenGrid } from "@dtok/core";

describe("items", () => {
  it("is its picture", () => expect(draw("items", [2], 3)).toBe("a0 a1 a2 b0 b1 b2"));

  it("obeys the laws", () => expectLayoutLaws({ layout: "items", levels: 3, axes: 1 }));

  it("under the trie of a catalogue, random choices write IDs of items only", () => {
    const catalogues = fc.uniqueArray(
      fc.tuple(fc.nat(5), fc.nat(40), fc.nat(3)).map((id) => [...id]),
      { minLength: 1, maxLength: 60, selector: String },
    );
    fc.assert(
      fc.property(catalogues, fc.integer({ min: 1, max: 5 }), fc.nat(), (ids, count, seed) => {
        const sizes = [6, 41, 4];
        const trie = buildTrie(
          { data: Int32Array.from(ids.flat()), shape: [ids.length, 3] },
          sizes,
        );
        const vocabulary = new Vocabulary({
          base: 7,
          modalities: [{ id: "item/x", codebookSizes: sizes, axes: 1, layout: "items" }],
        });
        const constraint = new TokenConstraint(vocabulary, {
          text: false,
          tries: { "item/x": trie },
          shapes: { "item/x": [count] },
        });
        const written: number[] = [];
        let state = seed + 1;
        do {
          const mask = constraint.allowed();
          const open: number[] = [];
          for (let id = 0; id < vocabulary.size; id++) if (isAllowed(mask, id)) open.push(id);
          state = (state * 48271 + 11) % 2147483647;
          written.push(open[state % open.length]!);
          constraint.advance(written.at(-1)!);
        } while (!constraint.complete);
        const [grid] = unpack(vocabulary, written) as [TokenGrid];
        expect(grid.shape).toEqual([count]);
        for (let n = 0; n < count; n++) {
          expect(trie.lookup([...grid.codes.data.subarray(n * 3, n * 3 + 3)])).toBeGreaterThan(-1);
        }
        // Every item of the catalogue can be written.
        for (const id of ids) {
          const item = createTokenGrid({
            codes: { data: Int32Array.from(id), shape: [1, 3] },
            shape: [1],
            codebookSizes: sizes,
            tokenizer: "item/x",
          });
          constraint.reset();
          const any = new TokenConstraint(vocabulary, { tries: { "item/x": trie } });
          for (const token of pack(vocabulary, [item]).ids) {
            expect(isAllowed(any.allowed(), token)).toBe(true);
            any.advance(token);
          }
        }
      }),
      { seed: 9, numRuns: 40 },
    );
  });

  it("lets a prompt hold an ID that no item has, and refuses a trie of other IDs", () => {
    const sizes = [4, 4];
    const trie = buildTrie({ data: Int32Array.of(0, 1, 2, 3), shape: [2, 2] }, sizes);
    const vocabulary = new Vocabulary({
      modalities: [
        { id: "item/x", codebookSizes: sizes, axes: 1, layout: "items" },
        { id: "item/y", codebookSizes: sizes, axes: 1, layout: "level-major" },
      ],
    });
    const { begin, offsets } = vocabulary.modality("item/x");
    const constraint = new TokenConstraint(vocabulary, { tries: { "item/x": trie } });
    for (const id of [begin, offsets[0]! + 1]) constraint.advance(id);
    const mask = constraint.allowed();
    expect([0, 1, 2, 3].every((code) => isAllowed(mask, offsets[1]! + code))).toBe(true);
    expect(() => new TokenConstraint(vocabulary, { tries: { "item/y": trie } })).toThrow(
      /level-major/,
    );
  });
});
