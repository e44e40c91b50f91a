import { createRandom, readSafetensors } from "@dtok/core";
import { describe, expect, it } from "vitest";
import {
  Vocabulary,
  embeddingRows,
  embeddingStatistics,
  loadEmbeddingRows,
  saveEmbeddingRows,
} from "../index.js";

const dim = 32;
const random = createRandom(4);
const vocabulary = new Vocabulary({
  base: 50,
  modalities: [
    { id: "image/a", codebookSizes: [40, 8], axes: 2 },
    { id: "image/b", codebookSizes: [5], axes: 2 },
  ],
});
const table = {
  data: random.fillNormal(new Float32Array(60 * dim), 0.02).map((x, i) => x + (i % dim) * 0.01),
  shape: [60, dim] as const,
};
// Rows that no id has are not counted.
table.data.fill(1e6, 50 * dim);
const statistics = embeddingStatistics(table, 50);
const codebook = (size: number, width: number) => ({
  data: createRandom(size).fillNormal(new Float32Array(size * width), 3),
  shape: [size, width] as const,
});

function distance(data: Float32Array, width: number, a: number, b: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += (data[a * width + d]! - data[b * width + d]!) ** 2;
  return Math.sqrt(sum);
}

describe("embedding rows", () => {
  it("are a hand-worked example of statistics", () => {
    const { mean, deviation } = embeddingStatistics({
      data: Float32Array.of(1, 10, 3, 10),
      shape: [2, 2],
    });
    expect([[...mean], [...deviation]]).toEqual([
      [2, 10],
      [1, 0],
    ]);
  });

  it("are the mean and a little noise by default", () => {
    const rows = embeddingRows(vocabulary, statistics);
    expect(rows.shape).toEqual([vocabulary.size - 50, dim]);
    const found = embeddingStatistics(rows);
    for (let d = 0; d < dim; d++) {
      expect(Math.abs(found.mean[d]! - statistics.mean[d]!)).toBeLessThan(
        0.03 * statistics.deviation[d]!,
      );
      expect(found.deviation[d]! / statistics.deviation[d]!).toBeCloseTo(0.1, 1);
    }
    const same = embeddingRows(vocabulary, statistics, { noise: 0 });
    expect([...same.data.subarray(dim, 2 * dim)]).toEqual([...statistics.mean]);
  });

  it("carry the likeness of codes over, in the table's own scale", () => {
    const levels = [codebook(40, 6), codebook(8, 6)];
    const rows = embeddingRows(vocabulary, statistics, { codebooks: { "image/a": levels } });
    const from = vocabulary.modality("image/a").offsets[0]! - 50;
    const codes = {
      data: rows.data.subarray(from * dim, (from + 40) * dim),
      shape: [40, dim] as const,
    };
    const found = embeddingStatistics(codes);
    for (let d = 0; d < dim; d++) expect(found.mean[d]).toBeCloseTo(statistics.mean[d]!, 4);
    const scale =
      found.deviation.reduce((a, b) => a + b) / statistics.deviation.reduce((a, b) => a + b);
    expect(scale).toBeGreaterThan(0.8);
    expect(scale).toBeLessThan(1.2);
    // Distances of codes and of rows rise together: Pearson's correlation.
    const pairs: [number, number][] = [];
    for (let a = 0; a < 40; a++) {
      for (let b = 0; b < a; b++) {
        pairs.push([distance(levels[0]!.data, 6, a, b), distance(codes.data, dim, a, b)]);
      }
    }
    const mean = (list: number[]) => list.reduce((x, y) => x + y) / list.length;
    const [mx, my] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))];
    const cov = mean(pairs.map(([x, y]) => (x - mx) * (y - my)));
    const sx = Math.sqrt(mean(pairs.map(([x]) => (x - mx) ** 2)));
    const sy = Math.sqrt(mean(pairs.map(([, y]) => (y - my) ** 2)));
    expect(cov / sx / sy).toBeGreaterThan(0.85);
    expect(embeddingRows(vocabulary, statistics, { codebooks: { "image/a": levels } })).toEqual(
      rows,
    );
  });

  it("are those of a modality that is added later alone", () => {
    const more = vocabulary.with({ id: "c", codebookSizes: [7], axes: 1 });
    const books = { codebooks: { c: [codebook(7, 3)] }, first: vocabulary.size };
    const rows = embeddingRows(more, statistics, books);
    expect(rows.shape).toEqual([4 + 7, dim]);
    const all = embeddingRows(more, statistics, { codebooks: books.codebooks });
    // The codes' rows do not depend on what else gets rows.
    expect(rows.data.subarray(4 * dim)).toEqual(all.data.subarray(-7 * dim));
    const bytes = saveEmbeddingRows(more, rows);
    expect(readSafetensors(bytes).metadata.first).toBe(String(vocabulary.size));
    expect(loadEmbeddingRows(more, bytes)).toEqual(rows);
    const old = { codebooks: { "image/b": [codebook(5, 3)] }, first: vocabulary.size };
    expect(() => embeddingRows(more, statistics, old)).toThrow(/already/);
    expect(() => embeddingRows(more, statistics, { first: 3 })).toThrow(/first/);
  });

  it("are saved with the vocabulary's hash, which is checked", () => {
    const rows = embeddingRows(vocabulary, statistics);
    const bytes = saveEmbeddingRows(vocabulary, rows);
    expect(loadEmbeddingRows(vocabulary, bytes)).toEqual(rows);
    expect(readSafetensors(bytes).metadata.first).toBe("50");
    const other = vocabulary.with({ id: "c", codebookSizes: [2], axes: 1 });
    expect(() => loadEmbeddingRows(other, bytes)).toThrow(/vocabulary/);
    const more = { data: new Float32Array(1000 * dim), shape: [1000, dim] as const };
    expect(() => saveEmbeddingRows(other, more)).toThrow(/one for each id/);
    expect(() =>
      embeddingRows(vocabulary, statistics, { codebooks: { "image/b": [codebook(4, 3)] } }),
    ).toThrow(/\[5, d\]/);
    expect(() => embeddingRows(vocabulary, statistics, { codebooks: { c: [] } })).toThrow(/one of/);
    expect(() => embeddingStatistics(table, 61)).toThrow(/61 rows/);
  });
});
