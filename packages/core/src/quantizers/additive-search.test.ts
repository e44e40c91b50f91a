import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createThreadedKernels } from "../node/threads.js";
import { createRandom } from "../math/random.js";
import { AdditiveCodebooks, MAX_WORDS, exponentOf } from "./additive.js";
import type { AdditiveSearch } from "./additive-search.js";
import { additiveSearch } from "./aq.js";
import { localSearch } from "./lsq.js";
import { residualSearch } from "./rvq.js";

const kernels = createThreadedKernels({ threads: 2 });
afterAll(() => kernels.close());

const methods: Record<string, (books: AdditiveCodebooks, beam: number) => AdditiveSearch> = {
  residual: residualSearch,
  additive: additiveSearch,
  local: (books, beam) => localSearch(books, beam, 7),
};

test.each(Object.entries(methods))("%s: WebAssembly finds the codes of TypeScript", (_, make) => {
  fc.assert(
    fc.property(
      fc.record({
        m: fc.integer({ min: 1, max: 6 }),
        k: fc.integer({ min: 1, max: 37 }),
        d: fc.constantFrom(1, 3, 8, 64, 65, 150),
        rows: fc.constantFrom(1, 3, 66),
        beam: fc.constantFrom(1, 2, 5, 16),
        seed: fc.nat(),
        scale: fc.constantFrom(1, 1e-3, 1e-30, 1e30),
        away: fc.constantFrom(1, 1, 1e12, 1e-12, 1e37),
        grid: fc.boolean(),
      }),
      ({ m, k, d, rows, beam, seed, scale, away, grid }) => {
        const random = createRandom(seed);
        const draw = () => scale * (grid ? random.integer(5) - 2 : random.normal());
        const words = Float32Array.from({ length: m * k * d }, draw);
        const x = Float32Array.from({ length: rows * d }, () => {
          const value = draw() * away;
          return Math.abs(value) < 3e38 ? value : 3e38;
        });
        const search = make(new AdditiveCodebooks(m, k, d, words), beam);
        const fast = new Int32Array(rows * m);
        const plain = new Int32Array(rows * m);
        search.encode(x, rows, fast);
        search.encodePlainly(x, rows, plain);
        expect(fast).toEqual(plain);
        expect(fast.every((code) => code >= 0 && code < k)).toBe(true);
      },
    ),
    { seed: 2, numRuns: 60 },
  );
});

test("residual: more words than a table of pairs holds", () => {
  const [m, k, d] = [3, Math.ceil(MAX_WORDS / 3) + 2, 5];
  const random = createRandom(1);
  const books = new AdditiveCodebooks(m, k, d, random.fillNormal(new Float32Array(m * k * d)));
  const x = random.fillNormal(new Float32Array(9 * d), 2);
  const search = residualSearch(books, 3);
  const [fast, plain] = [new Int32Array(9 * m), new Int32Array(9 * m)];
  search.encode(x, 9, fast);
  search.encodePlainly(x, 9, plain);
  expect(fast).toEqual(plain);
});

test("codes do not depend on the unit of vectors and words, nor on a width of rows in between", () => {
  const random = createRandom(3);
  const words = random.fillNormal(new Float32Array(3 * 16 * 6));
  const x = random.fillNormal(new Float32Array(40 * 6));
  const codesOf = (unit: number): Int32Array => {
    const times = (value: number) => value * unit;
    const out = new Int32Array(40 * 5);
    residualSearch(new AdditiveCodebooks(3, 16, 6, words.map(times)), 4).encode(
      x.map(times),
      40,
      out,
      5,
    );
    return out;
  };
  for (const unit of [2 ** -100, 2 ** 100, 1024]) expect(codesOf(unit)).toEqual(codesOf(1));
  expect([0.75, 1, 3, 2 ** 100].map(exponentOf)).toEqual([-1, 0, 1, 100]);
});

test("threads find the same codes, plan after plan", async () => {
  const random = createRandom(5);
  const x = random.fillNormal(new Float32Array(3000 * 12));
  const vectors = { data: x, shape: [3000, 12] as const };
  const codebook = { data: x.slice(0, 300 * 12), shape: [300, 12] as const };
  const near = await kernels.nearest(vectors, codebook);
  for (const make of Object.values(methods)) {
    const search = make(
      new AdditiveCodebooks(4, 32, 12, random.fillNormal(new Float32Array(4 * 32 * 12))),
      3,
    );
    const [a, b] = [new Int32Array(3000 * 4), new Int32Array(3000 * 4)];
    search.encode(x, 3000, a);
    for (let time = 0; time < 2; time++) {
      await search.encodeWith(kernels, x, 3000, b.fill(-9));
      expect(b).toEqual(a);
    }
    expect(await kernels.nearest(vectors, codebook)).toEqual(near);
  }
});
