import { createRandom, quantizerFamilies } from "@dtok/core";
import type { Codes, Matrix, Quantizer } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collisionReport, groupsOf } from "./collisions.js";
import { IdSpace } from "./id-space.js";
import { resolveCollisions } from "./resolve.js";

/** Product of grids 0, 1, 2, … per axis: distances that one can compute by hand. */
function grid(codebooks: number, size: number): Quantizer {
  const pq = quantizerFamilies.find(({ kind }) => kind === "pq")!;
  const data = Float32Array.from({ length: codebooks * size }, (_, i) => i % size);
  return pq.fromCodebook!(`pq:${codebooks}x${size}`, { data, shape: [codebooks, size, 1] });
}
const matrix = (rows: readonly (readonly number[])[]): Matrix => ({
  data: Float32Array.from(rows.flat()),
  shape: [rows.length, rows[0]!.length],
});
const rowsOf = ({ data, shape }: Codes) =>
  Array.from({ length: shape[0] }, (_, n) => [...data.subarray(n * shape[1], (n + 1) * shape[1])]);

describe("collisions", () => {
  it("are counted", () => {
    const codes: Codes = { data: Int32Array.of(1, 1, 0, 2, 1, 1, 1, 1, 0, 2), shape: [5, 2] };
    expect(collisionReport(codes, [2, 3])).toEqual({
      items: 5,
      ids: 2,
      colliding: 5,
      rate: 1,
      largest: 3,
      groups: [0, 1, 1],
    });
    const groups = [...groupsOf(codes, [2, 3], 1)].map((group) => [...group]);
    expect(groups).toEqual([
      [1, 4],
      [0, 2, 3],
    ]);
    expect(collisionReport({ data: new Int32Array(0), shape: [0, 2] }, [2, 3]).rate).toBe(0);
  });
});

describe("resolveCollisions", () => {
  it("counts the items of an ID in a suffix", async () => {
    const q = grid(2, 3);
    const codes = q.quantize(matrix([[1, 1], [0, 2], [1, 1], [1, 1]])); // prettier-ignore
    const { codes: out, codebookSizes, moved, before, after } = await resolveCollisions(codes, q);
    expect(rowsOf(out)).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [1, 1, 1],
      [1, 1, 2],
    ]);
    expect(codebookSizes).toEqual([3, 3, 256]);
    expect([moved, before.rate, after.rate]).toEqual([0, 0.75, 0]);
    await expect(resolveCollisions(codes, q, undefined, { suffixSize: 2 })).rejects.toThrow(/3/);
  });

  it("moves at the least cost", async () => {
    const q = grid(2, 4);
    // Three items want last code 1; 0.6 is nearer to 0 than 1.3 is to 2, and 1 stays.
    const vectors = matrix([[0, 1.3], [0, 0.6], [0, 1], [2, 1]]); // prettier-ignore
    const out = await resolveCollisions(q.quantize(vectors), q, vectors, { strategy: "reassign" });
    expect(rowsOf(out.codes)).toEqual([
      [0, 2],
      [0, 0],
      [0, 1],
      [2, 1],
    ]);
    expect(out.moved).toBe(2);
    // (0.7² - 0.3²) + (0.6² - 0.4²) over four items.
    expect(out.addedError).toBeCloseTo((0.4 + 0.2) / 4, 5);
  });

  it("finds the nearest free ID elsewhere for who has no room", async () => {
    const q = grid(2, 2);
    const vectors = matrix([[0, 0], [0, 0], [0, 0], [0, 0]]); // prettier-ignore
    const out = await resolveCollisions(q.quantize(vectors), q, vectors, { strategy: "reassign" });
    expect(new Set(rowsOf(out.codes).map(String)).size).toBe(4);
    expect(out.after.colliding).toBe(0);
    const five = matrix(Array.from({ length: 5 }, () => [0, 0]));
    await expect(
      resolveCollisions(q.quantize(five), q, five, { strategy: "reassign" }),
    ).rejects.toThrow(/at most 4 items/);
  });

  it.each(["reassign", "sinkhorn"] as const)("%s makes every ID one item's", async (strategy) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), fc.integer({ min: 1, max: 60 }), async (seed, n) => {
        const q = grid(3, 4);
        const random = createRandom(seed);
        // Crowded: all items in one corner of 64 IDs.
        const vectors = matrix(
          Array.from({ length: n }, () => [0, 1, 2].map(() => random.float())),
        );
        const codes = q.quantize(vectors);
        const out = await resolveCollisions(codes, q, vectors, { strategy });
        expect(out.after.colliding).toBe(0);
        expect(out.codes.shape).toEqual([n, 3]);
        expect(out.addedError).toBeGreaterThanOrEqual(-1e-6);
        const stream = {
          dim: 3,
          *chunks() {
            for (let i = 0; i < n; i += 7) {
              const end = Math.min(n, i + 7);
              yield { data: vectors.data.subarray(i * 3, end * 3), shape: [end - i, 3] } as Matrix;
            }
          },
        };
        const again = await resolveCollisions(codes, q, stream, { strategy });
        expect(again.codes.data).toEqual(out.codes.data);
      }),
      { seed: 5, numRuns: 25 },
    );
  });

  it("spreads by Sinkhorn at no less cost than the least", async () => {
    const q = grid(2, 8);
    const random = createRandom(11);
    const vectors = matrix(
      Array.from({ length: 12 }, () => [random.integer(2), 3 + random.float()]),
    );
    const codes = q.quantize(vectors);
    const least = await resolveCollisions(codes, q, vectors, { strategy: "reassign" });
    const even = await resolveCollisions(codes, q, vectors, { strategy: "sinkhorn" });
    expect(even.addedError).toBeGreaterThanOrEqual(least.addedError - 1e-6);
  });

  it("refuses bad input by typed errors", async () => {
    const q = grid(2, 4);
    const vectors = matrix([[0, 1]]);
    const codes = q.quantize(vectors);
    const run = (v: Matrix | undefined, strategy: string) =>
      resolveCollisions(codes, q, v, { strategy: strategy as "suffix" });
    await expect(run(undefined, "reassign")).rejects.toThrow(/vectors/);
    await expect(run(vectors, "guess")).rejects.toThrow(/strategy/);
    await expect(run(matrix([[0, 1], [2, 3]]), "reassign")).rejects.toThrow(/1 rows/); // prettier-ignore
    await expect(run(matrix([[0]]), "reassign")).rejects.toThrow(/D = 2/);
    const stop = new AbortController();
    stop.abort();
    await expect(
      resolveCollisions(codes, q, vectors, { strategy: "reassign", signal: stop.signal }),
    ).rejects.toThrow(/abort/i);
  });
});

describe("IdSpace", () => {
  it.each([
    ["numbers", [3, 4]],
    ["text", Array.from({ length: 12 }, () => 100)],
  ])("keeps account with keys of %s", (_, sizes) => {
    const space = new IdSpace(sizes);
    const id = Int32Array.from(sizes, (_, i) => i % 3);
    expect(space.owner(id)).toBe(-1);
    space.take(id, 0, 7);
    expect([space.owner(id), space.size]).toEqual([7, 1]);
    expect(space.full(id, 0, sizes.length)).toBe(true);
    expect(space.full(id, 0, 1)).toBe(false);
    space.free(id);
    space.free(id);
    expect([space.owner(id), space.size]).toEqual([-1, 0]);
  });

  it("finds the nearest free ID", () => {
    const q = grid(2, 4);
    const space = new IdSpace(q.codebookSizes);
    const latent = Float32Array.of(1.1, 2.2);
    const order: string[] = [];
    for (let i = 0; i < 16; i++) {
      const id = space.nearestFree(latent, [1, 2], q);
      order.push(id.join());
      space.take(id, 0, i);
    }
    const all = Array.from({ length: 16 }, (_, i) => [i >> 2, i & 3] as const);
    const gap = ([a, b]: readonly [number, number]) => (a - 1.1) ** 2 + (b - 2.2) ** 2;
    expect(order).toEqual(all.toSorted((x, y) => gap(x) - gap(y)).map((id) => id.join()));
    expect(() => space.nearestFree(latent, [1, 2], q)).toThrow(/at most 16/);
  });
});
