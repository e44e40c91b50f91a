import { createRandom } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { collaborativeFeatures } from "./collaborative.js";
import { fuse } from "./fuse.js";
import { textFeatures } from "./text.js";

const dot = ({ data, shape: [, dim] }: Matrix, a: number, b: number) => {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += data[a * dim + d]! * data[b * dim + d]!;
  return sum;
};

describe("textFeatures", () => {
  it("puts texts alike near each other, in rows of length 1", () => {
    const texts = ["Toy Story", "Toy Story 2", "toy STORY!", "Heat", "", "…"];
    const vectors = textFeatures(texts, { dim: 512 });
    expect(vectors.shape).toEqual([6, 512]);
    for (const n of [0, 1, 2, 3]) expect(dot(vectors, n, n)).toBeCloseTo(1, 5);
    expect(dot(vectors, 0, 2)).toBeCloseTo(1, 5);
    expect(dot(vectors, 0, 1)).toBeGreaterThan(0.6);
    expect(Math.abs(dot(vectors, 0, 3))).toBeLessThan(0.3);
    expect([dot(vectors, 4, 4), dot(vectors, 5, 5)]).toEqual([0, 0]);
  });

  it("weights rare words more", () => {
    const texts = ["red apple", "red plum", "red pear", "green pear"];
    const rare = textFeatures(texts, { dim: 4096, ngrams: [] });
    const plain = textFeatures(texts, { dim: 4096, ngrams: [], idf: false });
    // They share "red", which most have.
    expect(dot(rare, 0, 1)).toBeLessThan(dot(plain, 0, 1));
    expect(dot(plain, 0, 1)).toBeCloseTo(1 / 3, 5); // of "red", "apple", "red apple"
  });

  it("refuses bad input", () => {
    expect(() => textFeatures(["a"], { dim: 0 })).toThrow(/dim/);
    expect(() => textFeatures(["a"], { ngrams: [0] })).toThrow(/ngrams/);
    expect(() => textFeatures([null as unknown as string])).toThrow(/text 0/);
  });
});

describe("collaborativeFeatures", () => {
  it("puts items of the same users near each other", () => {
    // Two groups of users with tastes of their own; item 8 was taken by nobody.
    const random = createRandom(3);
    const users: number[] = [];
    const items: number[] = [];
    for (let user = 0; user < 40; user++) {
      for (let i = 0; i < 4; i++) {
        if (random.float() < 0.8) {
          users.push(user);
          items.push((user % 2) * 4 + i);
        }
      }
    }
    const data = { users: Int32Array.from(users), items: Int32Array.from(items) };
    const vectors = collaborativeFeatures(data, 9, { dim: 2 });
    for (const [a, b] of [[0, 3], [4, 7]]) expect(dot(vectors, a!, b!)).toBeGreaterThan(0.9); // prettier-ignore
    expect(Math.abs(dot(vectors, 0, 4))).toBeLessThan(0.2);
    expect(dot(vectors, 8, 8)).toBe(0);
  });

  it("finds the singular values of a matrix by hand", () => {
    // R = [[1, 1], [1, 0]]: A = [[1/2, 1/sqrt 2], [1/sqrt 2, 0]], eigenvalues of A^T A: 1 and 1/4.
    const data = { users: Int32Array.of(0, 0, 1), items: Int32Array.of(0, 1, 0) };
    const { data: v } = collaborativeFeatures(data, 2, { dim: 2, iterations: 60 });
    // Items are rows of V sqrt(S^2): V = [[a, b], [b, -a]] with a² = 2/3.
    const raw = [Math.sqrt(2 / 3), Math.sqrt(1 / 3) / 2];
    const scale = 1 / Math.hypot(...raw);
    expect(Math.abs(v[0]!)).toBeCloseTo(raw[0]! * scale, 4);
    expect(Math.abs(v[1]!)).toBeCloseTo(raw[1]! * scale, 4);
  });

  it("refuses bad input", () => {
    const one = { users: Int32Array.of(0), items: Int32Array.of(0) };
    expect(() => collaborativeFeatures(one, 0)).toThrow(/interaction 0/);
    expect(() => collaborativeFeatures(one, 1, { dim: 2 })).toThrow(/dim/);
    expect(() => collaborativeFeatures({ ...one, items: Int32Array.of() }, 1)).toThrow(/length/);
    const weights = Float32Array.of(0);
    expect(() => collaborativeFeatures({ ...one, weights }, 1)).toThrow(/weight/);
  });
});

describe("fuse", () => {
  it("centres and weighs parts, and leaves unknown rows at zero", () => {
    const a: Matrix = { data: Float32Array.of(1, 3, 0), shape: [3, 1] };
    const b: Matrix = { data: Float32Array.of(10, 10, 30, 10, 20, 40), shape: [3, 2] };
    const { data, shape } = fuse([{ vectors: a }, { vectors: b, weight: 4 }]);
    expect(shape).toEqual([3, 3]);
    expect([data[0], data[3], data[6]]).toEqual([-1, 1, 0]);
    const energy = [1, 2, 4, 5, 7, 8].reduce((sum, i) => sum + data[i]! ** 2, 0);
    expect(energy / 3).toBeCloseTo(4, 4);
    const plain = fuse([{ vectors: a }, { vectors: b, weight: 4 }], { standardise: false });
    expect([...plain.data]).toEqual([1, 20, 20, 3, 60, 20, 0, 40, 80]);
  });

  it("refuses bad input", () => {
    const a: Matrix = { data: new Float32Array(2), shape: [2, 1] };
    const b: Matrix = { data: new Float32Array(3), shape: [3, 1] };
    expect(() => fuse([])).toThrow(/at least one/);
    expect(() => fuse([{ vectors: a }, { vectors: b }])).toThrow(/2 rows/);
    expect(() => fuse([{ vectors: a, weight: -1 }])).toThrow(/weight/);
  });
});
