import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockPacker } from "../index.js";
import type { Block } from "../index.js";

const pieces = ({ ids, lengths }: Block): number[][] => {
  let at = 0;
  return lengths.map((n) => [...ids.subarray(at, (at += n))]);
};

describe("BlockPacker", () => {
  it("is a hand-worked example", () => {
    const packer = new BlockPacker({ length: 6, pad: 0, end: 9 });
    expect(packer.push([1, 2, 3])).toEqual([]);
    expect(packer.push([4, 4, 4])).toEqual([]);
    // Two ids and the end do not fit; one does, and fills the block.
    expect(packer.push([5])).toEqual([{ ids: Int32Array.of(4, 4, 4, 9, 5, 9), lengths: [4, 2] }]);
    expect(packer.flush()).toEqual([{ ids: Int32Array.of(1, 2, 3, 9, 0, 0), lengths: [4] }]);
    expect(packer.flush()).toEqual([]);
    const stream = new BlockPacker({ length: 4, pad: 0, packing: "stream" });
    expect(stream.push([1, 2, 3, 4, 5, 6])).toEqual([
      { ids: Int32Array.of(1, 2, 3, 4), lengths: [4] },
    ]);
    expect(stream.push([7])).toEqual([]);
    expect(stream.flush()).toEqual([{ ids: Int32Array.of(5, 6, 7, 0), lengths: [2, 1] }]);
  });

  it("keeps every sequence whole and once, or every id in its order", () => {
    const lists = fc.array(fc.array(fc.nat(99), { minLength: 1, maxLength: 12 }), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(lists, fc.integer({ min: 12, max: 40 }), (sequences, length) => {
        const all = (packing: "whole" | "stream") => {
          const packer = new BlockPacker({ length, pad: 7, packing });
          const blocks = [...sequences.flatMap((list) => packer.push(list)), ...packer.flush()];
          for (const { ids, lengths } of blocks) {
            expect(ids.length).toBe(length);
            const used = lengths.reduce((a, b) => a + b, 0);
            expect([...ids.subarray(used)].every((id) => id === 7)).toBe(true);
          }
          return blocks;
        };
        const whole = all("whole").flatMap(pieces);
        expect(whole.map(String).toSorted()).toEqual(sequences.map(String).toSorted());
        const stream = all("stream");
        expect(stream.flatMap(pieces).flat()).toEqual(sequences.flat());
        expect(stream.length).toBe(Math.ceil(sequences.flat().length / length));
      }),
      { seed: 9, numRuns: 60 },
    );
  });

  it("refuses sequences that would be cut, and what is no id", () => {
    const packer = new BlockPacker({ length: 3, pad: 0, end: 1 });
    expect(() => packer.push([1, 2, 3])).toThrow(/at most 3 ids/);
    expect(() => packer.push([-1])).toThrow(/-1 at 0/);
    expect(() => new BlockPacker({ length: 0, pad: 0 })).toThrow(/block length/);
    expect(() => new BlockPacker({ length: 3, pad: -1 })).toThrow(/pad/);
  });
});
