/*
 * Improved residual vector quantization. Liu, Lu, Shao: "Improved Residual Vector Quantization for
 * High-dimensional Approximate Nearest Neighbor Search", arXiv 1509.05195. Residuals of late levels are
 * nearly noise, and k-means in all dimensions then leaves codes unevenly used. Each level's k-means is
 * therefore warm-started (section 3.1): it runs on the first few principal coordinates of the
 * residuals, then on twice as many from the centroids found, and so on to all of them. Encoding keeps
 * several paths (section 3.2): name a beam.
 */
import type { FitOptions, VectorSource } from "../spec/quantizer.js";
import { fitStep } from "./fit-sample.js";
import { checkIterations } from "./pq.js";
import { gather, lloyd, nearestWords, moveWords, rotate, rotateBack } from "./product.js";
import {
  type LevelFit,
  RvqQuantizer,
  fitLevels,
  levelSeed,
  parseResidual,
  residualFamily,
  sampleForLevels,
} from "./rvq.js";
import { principal } from "./spectral.js";
import type { Technique } from "./technique.js";

/** Principal coordinates of the first clustering, as a share of all. */
const FIRST_SHARE = 1 / 8;

/** k-means of residuals [n, D] through growing subspaces, to a codebook [K, D]. */
export function growingSubspaces(size: number, levels: number, options: FitOptions): LevelFit {
  return async ({ data, shape: [n, dim] }, level) => {
    const stage = `level ${level + 1}/${levels}`;
    const { mean, directions } = principal(data, n, dim);
    const basis = Float32Array.from(directions);
    const centre = Float32Array.from(mean);
    const turned = rotate(data, n, basis, dim, centre);
    const iterations = options.iterations ?? 10;
    let width = Math.max(1, Math.round(dim * FIRST_SHARE));
    let words: Float32Array | undefined;
    for (;;) {
      await fitStep(options, stage, width, dim);
      const part = new Float32Array(n * width);
      gather(turned, 0, n, dim, 0, width, part);
      const seed = levelSeed(options, level);
      words = lloyd(part, n, width, size, {
        seed,
        stream: level + 1,
        iterations,
        ...(words !== undefined && { warm: words }),
      });
      if (width === dim) break;
      // The same clusters with more coordinates: the means of their members there.
      const next = Math.min(dim, width * 2);
      const codes = new Int32Array(n);
      nearestWords(part, n, width, words, size, codes, 0, 1);
      const wider = new Float32Array(size * next);
      for (let k = 0; k < size; k++) {
        wider.set(words.subarray(k * width, (k + 1) * width), k * next);
      }
      const more = new Float32Array(n * next);
      gather(turned, 0, n, dim, 0, next, more);
      moveWords(more, n, next, wider, size, codes, 1, 0);
      words = wider;
      width = next;
    }
    return rotateBack(words, size, basis, dim, centre);
  };
}

/** Fits `irvq:<levels>x<K>[,beam=<paths>]`; `iterations` of each Lloyd run, 10 where left out. */
export async function fitIrvq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<RvqQuantizer> {
  const parsed = parseResidual(spec, "irvq");
  const { levels, size, beam } = parsed;
  checkIterations(options);
  const sample = await sampleForLevels(vectors, parsed, options);
  const [n, dim] = sample.shape;
  const fit = growingSubspaces(size, levels, options);
  const { books } = await fitLevels(sample.data, n, dim, parsed, options, fit);
  return new RvqQuantizer(books, beam, "irvq");
}

export const irvqFamily = /* @__PURE__ */ residualFamily("irvq", fitIrvq);

export const techniques: readonly Technique[] = [
  {
    id: "t-irvq",
    name: "IRVQ (warm-started k-means, multi-path encoding)",
    kind: "irvq",
    family: "RVQ",
    file: "quantizers/irvq.ts",
    use: "irvq:8x256,beam=5",
    source: "arXiv 1509.05195, sections 3.1 and 3.2",
  },
];
