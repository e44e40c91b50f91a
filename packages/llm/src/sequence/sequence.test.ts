import { createTokenGrid, isDtokError } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  SequenceParser,
  TokenConstraint,
  Vocabulary,
  isAllowed,
  logitsProcessor,
  modalityOf,
  pack,
  sequenceLayout,
  sequenceLayoutGrammars,
  sequenceLayoutNames,
  unpack,
} from "../index.js";
import type { ModalitySpec, SequenceEvent, SequencePart } from "../index.js";

const settings = { seed: 9, numRuns: 60 };

const specs = fc
  .array(
    fc.record({
      codebookSizes: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 }),
      axes: fc.constantFrom(1 as const, 2 as const, 3 as const),
      layout: fc.constantFrom(
        "interleaved" as const,
        "level-major" as const,
        "row-separated" as const,
        "delay" as const,
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list): ModalitySpec[] => list.map((spec, i) => ({ ...spec, id: `kind/${i}` })));

const vocabularies = fc
  .record({ base: fc.integer({ min: 1, max: 500 }), modalities: specs })
  .map((options) => new Vocabulary(options));

function gridOf(vocabulary: Vocabulary, id: string, shape: number[], seed: number): TokenGrid {
  const { codebookSizes } = vocabulary.modality(id);
  const rows = shape.reduce((a, b) => a * b, 1);
  const levels = codebookSizes.length;
  const data = Int32Array.from(
    { length: rows * levels },
    (_, i) => ((i + 1) * (seed + 7919)) % codebookSizes[i % levels]!,
  );
  return createTokenGrid({
    codes: { data, shape: [rows, levels] },
    shape,
    codebookSizes,
    side: { seed },
    tokenizer: id,
  });
}

const sequences = vocabularies.chain((vocabulary) =>
  fc.record({
    vocabulary: fc.constant(vocabulary),
    parts: fc.array(
      fc
        .record({
          which: fc.nat(vocabulary.modalities.length - 1),
          shape: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 }),
          seed: fc.nat(1000),
        })
        .map(({ which, shape, seed }): TokenGrid => {
          const { id, axes } = vocabulary.modalities[which]!;
          return gridOf(vocabulary, id, shape.slice(0, axes), seed);
        }),
      { maxLength: 4 },
    ),
    text: fc.array(fc.nat(vocabulary.base - 1), { minLength: 1, maxLength: 9 }),
  }),
);

describe("Vocabulary", () => {
  it("has disjoint ranges, meanings and texts that are unique, ids that stay", () => {
    fc.assert(
      fc.property(vocabularies, (vocabulary) => {
        const texts = new Set<string>();
        let next = vocabulary.base + 256;
        for (const block of vocabulary.modalities) {
          expect([block.begin, block.end, block.pad, block.row]).toEqual(
            [0, 1, 2, 3].map((i) => next + i),
          );
          next = block.limit;
          for (const [q, offset] of block.offsets.entries()) {
            const last = block.codebookSizes[q]! - 1;
            expect(vocabulary.meaning(offset + last)).toEqual({
              kind: "code",
              modality: block.id,
              level: q,
              code: last,
            });
          }
        }
        expect(next).toBe(vocabulary.size);
        for (let id = vocabulary.base; id < vocabulary.size; id++) {
          texts.add(vocabulary.tokenText(id));
          expect(vocabulary.idOf(vocabulary.tokenText(id))).toBe(id);
        }
        expect(texts.size).toBe(vocabulary.size - vocabulary.base);
        const more = vocabulary.with({ id: "new", codebookSizes: [3], axes: 1 });
        expect(more.modalities.slice(0, -1)).toEqual(vocabulary.modalities);
        expect(more.hash).not.toBe(vocabulary.hash);
        const saved: unknown = JSON.parse(JSON.stringify(vocabulary));
        expect(Vocabulary.fromJSON(saved).modalities).toEqual(vocabulary.modalities);
      }),
      { seed: 9, numRuns: 15 },
    );
  });

  it("reads tokens, and refuses unknown ones", () => {
    const manifest = { id: "s", codebookSizes: [3], stride: [320] };
    const vocabulary = new Vocabulary({
      base: 4,
      modalities: [modalityOf(manifest, { layout: "run-length:2" })],
    });
    expect(vocabulary.modalities[0]).toMatchObject({ id: "s", codebookSizes: [3], axes: 1 });
    expect(vocabulary.idOf("<|s:duration:2|>")).toBe(vocabulary.size - 1);
    for (const text of [
      "<|t|>",
      "<|size:256|>",
      "<|size:00|>",
      "<|s:0:3|>",
      "<|s:1:0|>",
      "<|s:duration:3|>",
      "<|s:0|>",
      "<|/s:pad|>",
      "<|s:begin|>",
      "hello",
      "",
    ]) {
      expect(() => vocabulary.idOf(text)).toThrow(/a token of this vocabulary/);
    }
    expect(() => vocabulary.idOf(undefined as never)).toThrow(/undefined/);
  });

  it("saves every layout and extent, and refuses those that do not fit", () => {
    const sizes = (n: number) => Array.from({ length: n }, () => 5);
    const modalities: ModalitySpec[] = [
      { id: "a", codebookSizes: [5], axes: 2, layout: "raster", extent: [4, 4] },
      { id: "b", codebookSizes: sizes(3), axes: 1, layout: "parallel:1+2", extent: "open" },
      { id: "c", codebookSizes: sizes(2), axes: 1, layout: "run-length:9" },
      { id: "d", codebookSizes: [5], axes: 1, layout: "next-scale:1,2" },
      { id: "e", codebookSizes: sizes(4), axes: 1, layout: "semantic-acoustic:1/8" },
      { id: "f", codebookSizes: [5], axes: 3, extent: "written" },
    ];
    const vocabulary = new Vocabulary({ base: 3, modalities });
    const again = Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)));
    expect(again).toEqual(vocabulary);
    expect(again.modalities.map(({ extent }) => extent)).toEqual([
      [4, 4],
      "open",
      "open",
      [5],
      "written",
      "written",
    ]);
    // The hash changes with all that gives ids their meaning.
    const hashes = modalities.map((spec) => new Vocabulary({ modalities: [spec] }).hash);
    const open = new Vocabulary({ modalities: [{ ...modalities[5]!, extent: [1, 1, 1] }] }).hash;
    expect(new Set([...hashes, open]).size).toBe(7);
    for (const [spec, message] of [
      [{ axes: 2, extent: "open" }, /needs the extent/],
      [{ axes: 2, extent: [4] }, /2 extents/],
      [{ axes: 1, extent: [0] }, /1 extents/],
      [{ axes: 1, extent: "long" }, /"written", "open"/],
      [{ axes: 1, extent: [6], layout: "next-scale:1,2" }, /\[5\]/],
      [{ axes: 1, codebookSizes: sizes(1025) }, /1 to 1024/],
    ] as [Partial<ModalitySpec>, RegExp][]) {
      const full = { id: "x", codebookSizes: [5], axes: 1, ...spec } as ModalitySpec;
      expect(() => new Vocabulary({ modalities: [full] })).toThrow(message);
    }
  });

  it("refuses changed files, names that break token texts, too many ids", () => {
    const vocabulary = new Vocabulary({
      modalities: [{ id: "a/b", codebookSizes: [4], axes: 1 }],
    });
    const json = vocabulary.toJSON();
    expect(() => Vocabulary.fromJSON({ ...json, base: 5 })).toThrow(/hash/);
    expect(() => Vocabulary.fromJSON(null)).toThrow(/dtok-vocabulary-1/);
    expect(() => vocabulary.with({ id: "a:b", codebookSizes: [4], axes: 1 })).toThrow(/letters/);
    expect(() => vocabulary.with({ id: "a/b", codebookSizes: [4], axes: 1 })).toThrow(/twice/);
    expect(() => vocabulary.with({ id: "c", codebookSizes: [2 ** 31], axes: 1 })).toThrow(
      /2147483647/,
    );
    expect(() => vocabulary.meaning(vocabulary.size)).toThrow(/integer in/);
    expect(() => vocabulary.modality("c")).toThrow(/one of a\/b/);
  });
});

describe("layouts", () => {
  it("are listed with how they are written, and refuse what is none", () => {
    expect(Object.keys(sequenceLayoutGrammars)).toEqual([...sequenceLayoutNames]);
    for (const spec of [
      "spiral",
      "raster:2",
      "coarse-to-fine:",
      "coarse-to-fine:0,2",
      "next-scale:-1",
      "next-scale:65536,65536",
      "snac:2,3",
      "parallel:2+2:1:1",
      "semantic-acoustic:1/2/3",
      "run-length:1,2",
      "delay:0,65536",
      "snac:1,65536",
      "run-length:99999999999",
      "constructor",
    ]) {
      expect(() => sequenceLayout(spec)).toThrow(/layout: expected/);
    }
    for (const spec of [
      "delay:0,2",
      "parallel:1+8+8:2",
      "semantic-acoustic:1/25",
      "snac:1,2,4,8",
    ]) {
      expect(sequenceLayout(spec).spec).toBe(spec);
    }
  });
});

describe("pack and unpack", () => {
  it("are a hand-worked sequence", () => {
    const vocabulary = new Vocabulary({
      base: 10,
      modalities: [{ id: "i", codebookSizes: [4], axes: 2 }],
    });
    const grid = createTokenGrid({
      codes: { data: Int32Array.of(3, 0), shape: [2, 1] },
      shape: [1, 2],
      codebookSizes: [4],
      tokenizer: "i",
    });
    const { ids, spans } = pack(vocabulary, [[7], grid, [8]]);
    // Size tokens from 10, begin 266, end 267, padding 268, row 269, codes from 270.
    expect([...ids]).toEqual([7, 266, 10, 11, 10, 12, 273, 270, 267, 8]);
    expect(spans[1]).toEqual({ start: 1, end: 9, modality: "i" });
  });

  it("are inverses, whole and in pieces, and every id is allowed by the mask", () => {
    fc.assert(
      fc.property(
        sequences,
        fc.integer({ min: 1, max: 7 }),
        ({ vocabulary, parts, text }, step) => {
          const all = [Int32Array.from(text), ...parts, Int32Array.of(0)];
          const { ids, sides } = pack(vocabulary, all);
          const expected = parts.length === 0 ? [Int32Array.from([...text, 0])] : all;
          expect(unpack(vocabulary, ids, { sides })).toEqual(expected);

          const parser = new SequenceParser(vocabulary, { side: (_, i) => sides[i]! });
          const events: SequenceEvent[] = [];
          for (let i = 0; i < ids.length; i += step) {
            events.push(...parser.push(ids.subarray(i, i + step)));
          }
          events.push(...parser.flush());
          const grids = events.flatMap((event) => (event.type === "grid" ? [event.grid] : []));
          expect(grids).toEqual(parts);

          const constraint = new TokenConstraint(vocabulary);
          for (const id of ids) {
            expect(isAllowed(constraint.allowed(), id)).toBe(true);
            constraint.advance(id);
          }
          expect(constraint.complete).toBe(true);
        },
      ),
      settings,
    );
  });

  it("any broken sequence is a typed error, or what recovery says", () => {
    fc.assert(
      fc.property(
        sequences,
        fc.nat(),
        fc.integer({ min: -3, max: 5000 }),
        fc.boolean(),
        ({ vocabulary, parts, text }, where, value, cut) => {
          const whole = pack(vocabulary, [text, ...parts]).ids;
          const ids = cut ? whole.slice(0, where % whole.length) : whole.slice();
          if (!cut) ids[where % ids.length] = value;
          try {
            unpack(vocabulary, ids);
          } catch (error) {
            expect(isDtokError(error)).toBe(true);
          }
          for (const recovery of ["drop", "fill"] as const) {
            const parser = new SequenceParser(vocabulary, { recovery });
            const events = [...parser.push(ids), ...parser.flush()];
            for (const event of events) {
              if (event.type === "grid") {
                // What comes out is a grid of the vocabulary, even where it had to be completed.
                expect(() => pack(vocabulary, [event.grid])).not.toThrow();
              }
            }
            if (recovery === "drop") {
              const kept = pack(
                vocabulary,
                events.flatMap((event): SequencePart[] =>
                  event.type === "text" ? [event.ids] : event.type === "grid" ? [event.grid] : [],
                ),
              ).ids.length;
              const left = events.reduce((n, e) => n + (e.type === "dropped" ? e.count : 0), 0);
              expect(kept + left).toBe(ids.length);
            }
          }
        },
      ),
      settings,
    );
  });

  it("gives the leading rows before the span ends", () => {
    const vocabulary = new Vocabulary({
      modalities: [
        { id: "i", codebookSizes: [9], axes: 2, layout: "row-separated" },
        { id: "s", codebookSizes: [9, 9], axes: 1, layout: "delay" },
      ],
    });
    const image = gridOf(vocabulary, "i", [3, 4], 5);
    const { ids } = pack(vocabulary, [image]);
    const parser = new SequenceParser(vocabulary);
    parser.push(ids.subarray(0, 8));
    expect(parser.partial()).toBeUndefined();
    parser.push(ids.subarray(8, 9));
    expect(parser.partial()?.shape).toEqual([1, 4]);
    expect([...parser.partial()!.codes.data]).toEqual([...image.codes.data.subarray(0, 4)]);
    const sound = new SequenceParser(vocabulary);
    // begin, extent, then a0 PAD b0 a1: position a is whole.
    sound.push(pack(vocabulary, [gridOf(vocabulary, "s", [3], 5)]).ids.subarray(0, 7));
    expect(sound.partial()?.shape).toEqual([1]);
  });

  it("refuses grids it cannot write and spans that announce too much", () => {
    const vocabulary = new Vocabulary({
      base: 4,
      modalities: [{ id: "i", codebookSizes: [9], axes: 2 }],
    });
    const grid = gridOf(vocabulary, "i", [2, 2], 1);
    const { tokenizer: _, ...nameless } = grid;
    expect(() => pack(vocabulary, [nameless])).toThrow(/names its tokenizer/);
    expect(() => pack(vocabulary, [{ ...grid, codebookSizes: [8] }])).toThrow(/codebooks of 9/);
    expect(() => pack(vocabulary, [{ ...grid, shape: [4] }])).toThrow(/2 axes/);
    expect(() => pack(vocabulary, [[4]])).toThrow(/ids in \[0, 4\)/);
    expect(() => pack(vocabulary, ["text" as never])).toThrow(/TokenGrid/);
    const { begin } = vocabulary.modality("i");
    const huge = [begin, ...Array.from({ length: 4 }, () => vocabulary.sizes + 255)];
    expect(() => unpack(vocabulary, huge)).toThrow(/1048576 positions/);
    expect(unpack(vocabulary, [...huge, 3], { recovery: "drop" })).toEqual([Int32Array.of(3)]);
    expect(() => unpack(vocabulary, [begin])).toThrow(/begins at 0/);
    expect(() => unpack(vocabulary, [1.5])).toThrow(/1\.5/);
  });
});

describe("TokenConstraint", () => {
  it("lets random choices among allowed ids write nothing but whole spans, ended by the limit", () => {
    fc.assert(
      fc.property(vocabularies, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (vocabulary, seed) => {
        const constraint = new TokenConstraint(vocabulary, { text: false, maxPositions: 12 });
        const ids: number[] = [];
        let state = seed;
        do {
          const mask = constraint.allowed();
          const open = Array.from({ length: vocabulary.size }, (_, id) => id).filter((id) =>
            isAllowed(mask, id),
          );
          expect(open.length).toBeGreaterThan(0);
          state = (state * 48271) % 2147483647;
          const id = open[state % open.length]!;
          constraint.advance(id);
          ids.push(id);
        } while (!constraint.complete);
        expect(unpack(vocabulary, ids)).toHaveLength(1);
        expect(ids.length).toBeLessThan(200);
      }),
      settings,
    );
  });

  it("has no dead end where a prompt is not what the options ask for", () => {
    const vocabulary = new Vocabulary({
      modalities: [
        { id: "i", codebookSizes: [3], axes: 2 },
        { id: "s", codebookSizes: [3], axes: 1, extent: "open" },
      ],
    });
    const constraint = new TokenConstraint(vocabulary, {
      shapes: { i: [2, 300], s: [2] },
      maxPositions: 600,
    });
    const open = () => {
      const mask = constraint.allowed();
      return Array.from({ length: vocabulary.size }, (_, id) => id).filter((id) =>
        isAllowed(mask, id),
      );
    };
    const { sizes } = vocabulary;
    const image = vocabulary.modality("i");
    // Ten rows leave sixty columns: the 300 that were asked for are too many.
    for (const id of [image.begin, sizes, sizes + 10, sizes]) constraint.advance(id);
    expect(open()).toEqual(Array.from({ length: 60 }, (_, i) => sizes + 1 + i));
    constraint.reset();
    const sound = vocabulary.modality("s");
    const code = sound.offsets[0]!;
    // Three codes where two were asked for: it can only end.
    for (const id of [sound.begin, code, code, code]) constraint.advance(id);
    expect(open()).toEqual([sound.end]);
  });

  it("follows a trie of items and a fixed extent, as a logits processor", () => {
    const vocabulary = new Vocabulary({
      base: 3,
      modalities: [{ id: "item", codebookSizes: [4, 4], axes: 1 }],
    });
    const items = [
      [0, 1],
      [2, 1],
      [2, 3],
    ];
    const trie = {
      depth: 2,
      root: [] as readonly number[],
      step: (at: readonly number[], code: number) =>
        items.some(([a]) => at.length === 0 && a === code) ? [...at, code] : undefined,
      allowed: (at: readonly number[]) => [
        ...new Set(items.flatMap(([a, b]) => (at.length === 0 ? [a!] : at[0] === a ? [b!] : []))),
      ],
    };
    const process = logitsProcessor(vocabulary, {
      text: [2],
      tries: { item: trie },
      shapes: { item: [2] },
    });
    const { begin, end, offsets } = vocabulary.modality("item");
    const left = (ids: number[]) => {
      const data = new Float32Array(vocabulary.size + 5).fill(1);
      process([ids.map(BigInt)], { data, dims: [1, vocabulary.size + 5] });
      return [...data.keys()].filter((id) => data[id] === 1);
    };
    const [first, second] = offsets as [number, number];
    const size = vocabulary.sizes;
    expect(left([0])).toEqual([2, begin]);
    expect(left([0, begin])).toEqual([size]);
    expect(left([0, begin, size])).toEqual([size + 2]);
    const head = [0, begin, size, size + 2];
    expect(left(head)).toEqual([first, first + 2]);
    expect(left([...head, first + 2])).toEqual([second + 1, second + 3]);
    // Another prefix than the last: read anew.
    expect(left([...head, first])).toEqual([second + 1]);
    expect(left([...head, first, second + 1])).toEqual([first, first + 2]);
    expect(left([...head, first, second + 1, first, second + 1])).toEqual([end]);
    expect(() => left([begin, 0])).toThrow(/size token/);
  });
});
