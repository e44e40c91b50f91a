/*
 * Residual quantization with jointly optimised codebooks. Ai, Yu, Wu, He, Guan: "Optimized residual vector
 * quantization for efficient approximate nearest neighbor search", Multimedia Systems 23 (2017), doi
 * 10.1007/s00530-015-0470-9; survey section 2.2.1 (ERVQ). Each level in turn is fitted anew to what all of the others leave,
 *
 *   e_m = x - Σ_{l ≠ m} c_l,code_l;   c_mk = mean { e_m : code_m = k };   code_m = argmin |e_m - c_mk|²
 *
 * which never raises the error of these codes. Encoding stays greedy (or by beam), so the codes that
 * count are those of the encoder: after each round its error on the sample is taken, and the best
 * round's codebooks are kept.
 */
import type { FitOptions, VectorSource } from "../spec/quantizer.js";
import { AdditiveCodebooks } from "./additive.js";
import { fitStep } from "./fit-sample.js";
import { checkIterations } from "./pq.js";
import { workFloats } from "../kernels/portable.js";
import { moveWords, nearestWordsWith } from "./product.js";
import {
  type RvqQuantizer as Rvq,
  RvqQuantizer,
  fitLevels,
  kmeansLevel,
  parseResidual,
  residualFamily,
  residualSearch,
  sampleForLevels,
  subtract,
} from "./rvq.js";
import type { Technique } from "./technique.js";

/** Rounds over all levels; `iterations` of the options where given. */
const ROUNDS = 10;

/** Fits `ervq:<levels>x<K>`: residual k-means, then `iterations` rounds over all levels (default 10). */
export async function fitErvq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<Rvq> {
  const parsed = parseResidual(spec, "ervq");
  const { levels, size, beam } = parsed;
  checkIterations(options);
  const sample = await sampleForLevels(vectors, parsed, options);
  const [n, dim] = sample.shape;
  const { iterations, ...rest } = options;
  const start = kmeansLevel(parsed, rest);
  let { books, codes } = await fitLevels(sample.data, n, dim, parsed, rest, start);
  let best = books;
  let bestError = books.error(sample.data, n, codes);
  const rounds = iterations ?? ROUNDS;
  for (let round = 0; round < rounds; round++) {
    const words = books.words.slice();
    // x - x̂; each level's word is added, refitted, and taken off again.
    const error = options.kernels === undefined ? new Float32Array(n * dim) : workFloats(n * dim);
    error.set(sample.data.subarray(0, n * dim));
    for (let m = 0; m < levels; m++) {
      subtract(error, n, dim, words.subarray(m * size * dim), codes, m, levels);
    }
    for (let m = 0; m < levels; m++) {
      await fitStep(options, `round ${round + 1}/${rounds}`, m, levels, bestError);
      const book = words.subarray(m * size * dim, (m + 1) * size * dim);
      for (let i = 0, o = 0; i < n; i++) {
        const from = codes[i * levels + m]! * dim;
        for (let d = 0; d < dim; d++, o++) error[o] = error[o]! + book[from + d]!;
      }
      moveWords(error, n, dim, book, size, codes, levels, m);
      await nearestWordsWith(options, error, n, dim, book, size, codes, m, levels);
      subtract(error, n, dim, book, codes, m, levels);
    }
    books = new AdditiveCodebooks(levels, size, dim, words);
    codes = new Int32Array(n * levels);
    if (beam === 1) {
      const { kernels, signal } = options;
      const found = await new RvqQuantizer(books).quantizeAsync(sample, {
        ...(kernels && { kernels }),
        ...(signal && { signal }),
      });
      codes.set(found.data);
    } else {
      const search = residualSearch(books, beam);
      await search.encodeWith(options.kernels, sample.data, n, codes, levels, options.signal);
    }
    const found = books.error(sample.data, n, codes);
    if (found < bestError) {
      best = books;
      bestError = found;
    }
  }
  return new RvqQuantizer(best, beam, "ervq");
}

export const ervqFamily = /* @__PURE__ */ residualFamily("ervq", fitErvq);

export const techniques: readonly Technique[] = [
  {
    id: "t-ervq",
    name: "ERVQ (jointly optimised residual codebooks)",
    kind: "ervq",
    family: "RVQ",
    file: "quantizers/ervq.ts",
    use: "ervq:8x256",
    source: "doi 10.1007/s00530-015-0470-9; survey section 2.2.1",
  },
];
