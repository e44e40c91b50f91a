/* What must hold for every layout, and pictures of them. */
import { createTokenGrid, isDtokError } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import fc from "fast-check";
import { expect } from "vitest";
import {
  SequenceParser,
  TokenConstraint,
  Vocabulary,
  isAllowed,
  pack,
  sequenceLayout,
  unpack,
} from "../src/index.js";
import type { ModalitySpec, SequenceEvent, SequencePart, SpanExtent } from "../src/index.js";

/** Places of a grid with positions a, b, c, … and codebooks 0, 1, …: "a0 PAD b0 a1". */
export function draw(spec: string, shape: readonly number[], levels: number): string {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  return [...sequenceLayout(spec).order(shape, levels)]
    .map((cell) =>
      cell === -1
        ? "PAD"
        : cell === -2
          ? "ROW"
          : letters[Math.floor(cell / levels)]! + (levels > 1 ? String(cell % levels) : ""),
    )
    .join(" ");
}

export interface Case {
  readonly layout: string;
  readonly levels: number;
  readonly axes: 1 | 2 | 3;
  readonly extent?: SpanExtent;
  /** Positions of an open grid are a multiple of this; of a fixed one exactly `extent`. */
  readonly period?: number;
  /** Codes come in runs. */
  readonly runs?: boolean;
}

function gridOf(vocabulary: Vocabulary, shape: readonly number[], codes: number[]): TokenGrid {
  const { id, codebookSizes } = vocabulary.modalities[0]!;
  const levels = codebookSizes.length;
  const rows = shape.reduce((a, b) => a * b, 1);
  const data = Int32Array.from({ length: rows * levels }, (_, i) => {
    return codes[i % codes.length]! % codebookSizes[i % levels]!;
  });
  return createTokenGrid({
    codes: { data, shape: [rows, levels] },
    shape,
    codebookSizes,
    side: {},
    tokenizer: id,
  });
}

/**
 * Packing and unpacking are inverses, whole and in pieces; every id is allowed by the mask; random
 * choices among allowed ids are whole spans; broken sequences are typed errors or what recovery says;
 * what is decodable early is what the whole grid has there.
 */
export function expectLayoutLaws(one: Case, numRuns = 40): void {
  const arbitrary = fc.record({
    sizes: fc.array(fc.integer({ min: 1, max: 40 }), {
      minLength: one.levels,
      maxLength: one.levels,
    }),
    base: fc.integer({ min: 1, max: 70 }),
    extents: fc.array(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 }), {
      minLength: 1,
      maxLength: 3,
    }),
    codes: fc.array(fc.nat(39), { minLength: 1, maxLength: 60 }),
    step: fc.integer({ min: 1, max: 9 }),
    where: fc.nat(),
    value: fc.integer({ min: -2, max: 500 }),
  });
  fc.assert(
    fc.property(arbitrary, ({ sizes, base, extents, codes, step, where, value }) => {
      const spec: ModalitySpec = {
        id: "kind/a",
        codebookSizes: sizes,
        axes: one.axes,
        layout: one.layout as NonNullable<ModalitySpec["layout"]>,
        ...(one.extent !== undefined && { extent: one.extent }),
      };
      const vocabulary = new Vocabulary({ base, modalities: [spec] });
      const block = vocabulary.modalities[0]!;
      const { extent } = block;
      const repeated = one.runs
        ? codes.flatMap((code, i) =>
            Array.from({ length: one.levels * (1 + ((code + i) % 5)) }, () => code),
          )
        : codes;
      const grids = extents.map((list) => {
        const shape =
          typeof extent !== "string"
            ? extent
            : one.axes === 1
              ? [list[0]! * list[1]! * (extent === "open" ? (one.period ?? 1) : 1)]
              : list.slice(0, one.axes);
        return gridOf(vocabulary, shape, repeated);
      });
      const text = Int32Array.of(0, base - 1);
      const parts = [text, ...grids, Int32Array.of(0)];
      const { ids } = pack(vocabulary, parts);
      const plain = (list: readonly (Int32Array | TokenGrid)[]) =>
        list.map((part) =>
          part instanceof Int32Array ? [...part] : { ...part, codes: [...part.codes.data] },
        );
      expect(plain(unpack(vocabulary, ids))).toEqual(plain(parts));

      const constraint = new TokenConstraint(vocabulary);
      for (const id of ids) {
        if (!isAllowed(constraint.allowed(), id)) {
          throw new Error(`the mask forbids ${id}, ${JSON.stringify(vocabulary.meaning(id))}`);
        }
        constraint.advance(id);
      }
      expect(constraint.complete).toBe(true);

      streams(vocabulary, ids, grids, step);
      randomWalk(vocabulary, codes, one.period ?? 1);
      broken(vocabulary, ids, where, value);
    }),
    { seed: 9, numRuns },
  );
}

function streams(vocabulary: Vocabulary, ids: Int32Array, grids: TokenGrid[], step: number): void {
  const parser = new SequenceParser(vocabulary);
  const events: SequenceEvent[] = [];
  let grid = 0;
  let known = 0;
  for (let i = 0; i < ids.length; i += step) {
    const now = parser.push(ids.subarray(i, i + step));
    if (now.some(({ type }) => type === "grid")) known = 0;
    grid += now.filter(({ type }) => type === "grid").length;
    events.push(...now);
    const steps = parser.decodable;
    const partial = parser.partial(known);
    if (partial === undefined) {
      expect(steps).toBeLessThanOrEqual(known);
      continue;
    }
    const whole = grids[grid]!;
    const width = whole.codes.data.length / whole.shape[0]!;
    expect(partial.shape[0]).toBe(steps - known);
    expect([...partial.codes.data]).toEqual([
      ...whole.codes.data.subarray(known * width, steps * width),
    ]);
    known = steps;
  }
  expect(parser.flush()).toEqual([]);
  const read = events.flatMap((event) => (event.type === "grid" ? [event.grid] : []));
  expect(read.map(({ codes }) => codes.data)).toEqual(grids.map(({ codes }) => codes.data));
}

function randomWalk(vocabulary: Vocabulary, codes: number[], period: number): void {
  const { extent } = vocabulary.modalities[0]!;
  const positions = typeof extent === "string" ? 12 : extent.reduce((a, b) => a * b, 1);
  const maxPositions = Math.max(positions, period * 2);
  const constraint = new TokenConstraint(vocabulary, { text: false, maxPositions });
  const ids: number[] = [];
  let state = codes.reduce((a, b) => (a * 31 + b) % 2147483647, 7);
  do {
    const mask = constraint.allowed();
    const open: number[] = [];
    for (let id = 0; id < vocabulary.size; id++) if (isAllowed(mask, id)) open.push(id);
    if (open.length === 0) throw new Error(`a dead end behind ${ids.join(" ")}`);
    state = (state * 48271) % 2147483647;
    ids.push(open[state % open.length]!);
    constraint.advance(ids.at(-1)!);
  } while (!constraint.complete);
  expect(unpack(vocabulary, ids, { maxPositions })).toHaveLength(1);
}

function broken(vocabulary: Vocabulary, whole: Int32Array, where: number, value: number): void {
  for (const cut of [false, true]) {
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
      const parts = events.flatMap((event): SequencePart[] =>
        event.type === "text" ? [event.ids] : event.type === "grid" ? [event.grid] : [],
      );
      // What comes out is of the vocabulary, even where it had to be completed.
      const again = pack(vocabulary, parts).ids;
      const left = events.reduce((n, e) => n + (e.type === "dropped" ? e.count : 0), 0);
      // Two runs of one code are one run when they are written again.
      if (recovery === "drop" && vocabulary.modalities[0]!.durations === 0) {
        expect(again.length + left).toBe(ids.length);
      }
    }
  }
}
