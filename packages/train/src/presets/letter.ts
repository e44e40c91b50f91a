/*
 * LETTER's regularisers of an RQ-VAE for semantic IDs (Wang et al., arXiv 2405.07314, section 3.2):
 *
 *   L = L_semantic + alpha L_collaborative + beta L_diversity
 *
 * The semantic one is the RQ-VAE's own loss (equation 3). The collaborative one brings the quantized
 * latent of an item to its embedding of a collaborative filter (equation 4), the diversity one a code
 * to codes of its own cluster of the codebook and away from the others (equation 5), so that codes
 * spread out and items spread over them.
 */
import { ArgumentError, ShapeError, kmeans } from "@dtok/core";
import type { Matrix, Random } from "@dtok/core";
import { staticShape } from "../graph/builder.js";
import type { Value } from "../graph/builder.js";
import { add, div, mul, neg, stopGradient, sub } from "../graph/elementwise.js";
import { gather, oneHot } from "../graph/indices.js";
import { matmul } from "../graph/linear.js";
import { logSoftmax } from "../graph/softmax.js";
import { reduceSum, reshape, transpose } from "../graph/shape.js";

/** What a similarity is lowered by to leave the softmax. */
const OUT = 1e9;

/**
 * -1/B sum over i of log(exp(z_i · h_i) / sum over j of exp(z_i · h_j)): quantized latents z [B, C]
 * against collaborative embeddings h [B, C] of the same items.
 *
 * @param known [B], 1 where an item has a collaborative embedding, 0 where it has none: those are left
 *   out on both sides
 */
export function collaborativeLoss(z: Value, h: Value, known: Value): Value {
  const [rows, width] = staticShape(z) as [number, number];
  if (h.shape.join() !== z.shape.join() || known.shape.join() !== String(rows)) {
    throw new ShapeError("collaborative embeddings", {
      expected: `[${rows}, ${width}] and [${rows}]`,
      got: `[${h.shape.join(", ")}] and [${known.shape.join(", ")}]`,
      remedy: "Bring the latents to the embeddings' width first.",
    });
  }
  const { graph } = z;
  const similarity = matmul(z, stopGradient(h), { transposeB: true });
  const mask = stopGradient(known);
  const kept = mul(sub(reshape(mask, [1, rows]), 1), OUT);
  const log = logSoftmax(add(similarity, kept), 1);
  const own = graph.constant({
    data: Float32Array.from({ length: rows * rows }, (_, i) => (i % (rows + 1) === 0 ? 1 : 0)),
    shape: [rows, rows],
  });
  const hits = reduceSum(mul(log, own), [1]);
  // One item alone has nothing to be told from; none at all adds nothing.
  return neg(div(reduceSum(mul(hits, mask)), add(reduceSum(mask), 1e-6)));
}

/**
 * -1/B sum over i of log(exp(e_i · e_+) / sum over j ≠ code_i of exp(e_i · e_j)), e_i the codeword of
 * item i and e_+ another one of its cluster.
 *
 * @param codebook [K, D], which the gradient moves
 * @param indices int64 [B], codes of the items
 * @param partners int64 [K, 1], for each code another one of its cluster (itself where there is none:
 *   such items add nothing)
 */
export function diversityLoss(codebook: Value, indices: Value, partners: Value): Value {
  const [size] = staticShape(codebook) as [number, number];
  const [rows] = staticShape(indices) as [number];
  const own = oneHot(indices, size);
  const partner = oneHot(reshape(gather(partners, indices), [rows]), size);
  // 0 where a code is its own partner.
  const counts = sub(1, reduceSum(mul(own, partner), [1]));
  const words = gather(codebook, indices);
  const similarity = sub(matmul(words, transpose(codebook, [1, 0])), mul(own, OUT));
  const hits = reduceSum(mul(logSoftmax(similarity, 1), mul(partner, sub(1, own))), [1]);
  return neg(div(reduceSum(hits), add(reduceSum(counts), 1e-6)));
}

/**
 * Rows of a codebook [K, D] in clusters of equal size, give or take one: centres by k-means, then the
 * nearest pairs of row and centre first, as long as the cluster has room. (LETTER asks for constrained
 * k-means; the greedy filling is not its optimum, which does not matter to a term that only wants
 * neighbours.)
 *
 * @returns the cluster of each row
 */
export async function balancedClusters(
  codebook: Matrix,
  clusters: number,
  seed = 0,
): Promise<Int32Array> {
  const { data, shape } = codebook;
  const [size, dim] = shape;
  if (!Number.isSafeInteger(clusters) || clusters < 1 || clusters > size) {
    throw new ArgumentError("clusters", {
      expected: `an integer from 1 to ${size}`,
      got: String(clusters),
      remedy: "Use fewer clusters than codes.",
    });
  }
  const { centroids } = await kmeans(codebook, { clusters, seed, iterations: 10 });
  const gaps = new Float64Array(size * clusters);
  for (let k = 0; k < size; k++) {
    for (let c = 0; c < clusters; c++) {
      let sum = 0;
      for (let d = 0; d < dim; d++) {
        sum += ((data[k * dim + d] as number) - (centroids.data[c * dim + d] as number)) ** 2;
      }
      gaps[k * clusters + c] = sum;
    }
  }
  const order = Uint32Array.from(gaps, (_, i) => i).sort(
    (a, b) => (gaps[a] as number) - (gaps[b] as number) || a - b,
  );
  const share = Math.floor(size / clusters);
  let larger = size - share * clusters;
  const filled = new Int32Array(clusters);
  const chosen = new Int32Array(size).fill(-1);
  for (const pair of order) {
    const [k, c] = [Math.floor(pair / clusters), pair % clusters];
    const count = filled[c] as number;
    if (chosen[k] !== -1 || count > share || (count === share && larger === 0)) continue;
    if (count === share) larger--;
    filled[c] = count + 1;
    chosen[k] = c;
  }
  return chosen;
}

/** For each row another one of its cluster, at random; itself where the cluster has no other. */
export function drawPartners(clusters: Int32Array, random: Random): BigInt64Array {
  const members = new Map<number, number[]>();
  for (const [k, c] of clusters.entries()) {
    const list = members.get(c);
    if (list) list.push(k);
    else members.set(c, [k]);
  }
  return BigInt64Array.from(clusters, (c, k) => {
    const list = members.get(c) as number[];
    if (list.length === 1) return BigInt(k);
    const pick = list[random.integer(list.length - 1)] as number;
    return BigInt(pick === k ? (list.at(-1) as number) : pick);
  });
}
