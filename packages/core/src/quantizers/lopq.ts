/*
 * Locally optimized product quantization. Kalantidis, Avrithis: "Locally Optimized Product
 * Quantization for Approximate Nearest Neighbor Search", CVPR 2014 (doi 10.1109/CVPR.2014.298):
 *
 *   cell = argmin |x - e_j|²;  r = x - e_cell;  code = PQ_cell(R_cell r)
 *
 * Every cell has its own rotation and sub-codebooks, fitted to its residuals as OPQ's are, from the
 * rotation and codebooks of all residuals together. A cell with fewer vectors than would settle K
 * words keeps those common ones. Codes are [cell, code_1, …, code_M].
 */
import type { Codes } from "../spec/codes.js";
import type { QuantizerFamily, QuantizerState, VectorSource } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { BaseQuantizer } from "./base.js";
import { fitStep, sampleVectors, sourceDim } from "./fit-sample.js";
import { type OpqFitOptions, checkRotation, fitRotated } from "./opq.js";
import { checkState, parseCount, specError, stateFloats, stateInteger } from "./parse.js";
import { checkIterations, joinWords } from "./pq.js";
import {
  ProductCodebook,
  equalWidths,
  lloyd,
  nearestWords,
  rotate,
  rotateBack,
} from "./product.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "lopq:<cells>,<codebooks>x<K>";
/** Vectors for each word that a cell of its own needs. */
const VECTORS_PER_WORD = 4;

interface Cell {
  readonly rotation: Float32Array;
  readonly product: ProductCodebook;
}

/** Coarse cells, a rotated product quantizer in each: latents [N, D] to codes [N, 1 + M]. */
export class LopqQuantizer extends BaseQuantizer {
  /** Cell centres [cells, D]. */
  readonly #centres: Float32Array;
  readonly #cells: readonly Cell[];

  constructor(centres: Float32Array, cells: readonly Cell[]) {
    const { sizes, dim } = cells[0]!.product;
    super({
      kind: "lopq",
      spec: `lopq:${cells.length},${sizes.length}x${sizes[0]}`,
      dim,
      codebookSizes: [cells.length, ...sizes],
      // A decoded vector may lie in another cell.
      idempotent: false,
      prefixDecodable: false,
    });
    this.#centres = centres;
    this.#cells = cells;
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const { dim } = this;
    const n = latents.shape[0];
    const stride = this.codebookSizes.length;
    nearestWords(latents.data, n, dim, this.#centres, this.#cells.length, out, 0, stride);
    for (const [cell, members] of membersOf(out, n, stride, this.#cells.length).entries()) {
      if (members.length === 0) continue;
      const { rotation, product } = this.#cells[cell]!;
      const rest = residuals(latents.data, members, this.#centres, cell, dim);
      const rotated = rotate(rest, members.length, rotation, dim);
      const codes = new Int32Array(members.length * (stride - 1));
      product.encode(rotated, members.length, codes, stride - 1);
      for (let i = 0; i < members.length; i++) {
        for (let m = 1; m < stride; m++) {
          out[members[i]! * stride + m] = codes[i * (stride - 1) + m - 1]!;
        }
      }
    }
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    const { dim } = this;
    const [n, stride] = codes.shape;
    for (const [cell, members] of membersOf(codes.data, n, stride, this.#cells.length).entries()) {
      if (members.length === 0) continue;
      const { rotation, product } = this.#cells[cell]!;
      const own = new Int32Array(members.length * stride);
      for (let i = 0; i < members.length; i++) {
        own.set(codes.data.subarray(members[i]! * stride, (members[i]! + 1) * stride), i * stride);
      }
      const rows = new Float32Array(members.length * dim);
      product.decode(own, members.length, rows, stride, 1);
      const back = rotateBack(rows, members.length, rotation, dim);
      for (let i = 0; i < members.length; i++) {
        for (let d = 0; d < dim; d++) {
          out[members[i]! * dim + d] = back[i * dim + d]! + this.#centres[cell * dim + d]!;
        }
      }
    }
  }

  protected stateParts() {
    const { dim } = this;
    const cells = this.#cells.length;
    const [codebooks, size] = [this.codebookSizes.length - 1, this.codebookSizes[1]!];
    const rotation = new Float32Array(cells * dim * dim);
    const codebook = new Float32Array(cells * size * dim);
    this.#cells.forEach((cell, c) => {
      rotation.set(cell.rotation, c * dim * dim);
      codebook.set(joinWords(cell.product), c * size * dim);
    });
    return {
      config: { dim, cells, codebooks, size },
      tensors: {
        coarse: { data: this.#centres, shape: [cells, dim] },
        rotation: { data: rotation, shape: [cells, dim, dim] },
        codebook: { data: codebook, shape: [cells, codebooks, size, dim / codebooks] },
      },
    };
  }
}

/** Positions of each cell, in order. */
function membersOf(codes: Int32Array, n: number, stride: number, cells: number): Int32Array[] {
  const counts = new Int32Array(cells);
  for (let i = 0; i < n; i++) counts[codes[i * stride]!] = counts[codes[i * stride]!]! + 1;
  const members = Array.from(counts, (count) => new Int32Array(count));
  counts.fill(0);
  for (let i = 0; i < n; i++) {
    const cell = codes[i * stride]!;
    members[cell]![counts[cell]!] = i;
    counts[cell] = counts[cell]! + 1;
  }
  return members;
}

function residuals(
  rows: Float32Array,
  members: Int32Array,
  centres: Float32Array,
  cell: number,
  dim: number,
): Float32Array {
  const out = new Float32Array(members.length * dim);
  for (let i = 0; i < members.length; i++) {
    for (let d = 0; d < dim; d++) {
      out[i * dim + d] = rows[members[i]! * dim + d]! - centres[cell * dim + d]!;
    }
  }
  return out;
}

function parse(spec: string): { cells: number; codebooks: number; size: number } {
  const match = /^lopq:(\d+),(\d+)x(\d+)$/.exec(spec);
  if (match === null) throw specError(spec, GRAMMAR);
  return {
    cells: parseCount(match[1]!, 65536, spec, GRAMMAR),
    codebooks: parseCount(match[2]!, 4096, spec, GRAMMAR),
    size: parseCount(match[3]!, 65536, spec, GRAMMAR),
  };
}

/** Fits cells, rotations and codebooks; `iterations`: rounds of rotation and codebooks, 10 where left out. */
export async function fitLopq(
  spec: string,
  vectors: VectorSource,
  options: OpqFitOptions = {},
): Promise<LopqQuantizer> {
  const { cells, codebooks, size } = parse(spec);
  checkIterations(options);
  const dim = sourceDim(vectors);
  const widths = equalWidths(dim, codebooks, spec);
  const sizes = widths.map(() => size);
  const sample = await sampleVectors(vectors, {
    ...options,
    codewords: Math.max(cells, size),
    bytesPerSample: 16 * dim + 4 * codebooks,
    fixedBytes: 4 * cells * dim * (dim + size) + 40 * dim * dim,
  });
  const n = sample.shape[0];
  await fitStep(options, "cells", 0, cells);
  const centres = lloyd(sample.data, n, dim, cells, {
    seed: options.seed ?? 0,
    stream: 0,
    iterations: 15,
  });
  const assigned = new Int32Array(n);
  nearestWords(sample.data, n, dim, centres, cells, assigned, 0, 1);
  const all = new Float32Array(n * dim);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < dim; d++) {
      all[i * dim + d] = sample.data[i * dim + d]! - centres[assigned[i]! * dim + d]!;
    }
  }
  const rounds = { ...options, iterations: options.iterations ?? 10 };
  const common = await fitRotated(all, n, widths, sizes, rounds);
  const fitted: Cell[] = [];
  for (const [cell, members] of membersOf(assigned, n, 1, cells).entries()) {
    await fitStep(options, `cell ${cell + 1}/${cells}`, cell, cells);
    if (members.length < VECTORS_PER_WORD * size) {
      fitted.push(common);
      continue;
    }
    const rest = residuals(sample.data, members, centres, cell, dim);
    // No report of each cell's inner rounds; the signal still counts.
    const quiet: OpqFitOptions = {
      ...rounds,
      onProgress: () => undefined,
    };
    fitted.push(await fitRotated(rest, members.length, widths, sizes, quiet, common));
  }
  return new LopqQuantizer(centres, fitted);
}

export const lopqFamily: QuantizerFamily = {
  kind: "lopq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("lopq:"),
  fit: fitLopq,
  fromState(state: QuantizerState): LopqQuantizer {
    checkState(state, "lopq");
    const dim = stateInteger(state, "dim", 1, 2 ** 24);
    const cells = stateInteger(state, "cells", 1, 65536);
    const codebooks = stateInteger(state, "codebooks", 1, 4096);
    const size = stateInteger(state, "size", 1, 65536);
    const widths = equalWidths(dim, codebooks, "lopq");
    const width = dim / codebooks;
    const centres = stateFloats(state, "coarse", [cells, dim]).data;
    const rotations = stateFloats(state, "rotation", [cells, dim, dim]).data;
    const { data } = stateFloats(state, "codebook", [cells, codebooks, size, width]);
    return new LopqQuantizer(
      centres,
      Array.from({ length: cells }, (_, c) => {
        const rotation = rotations.slice(c * dim * dim, (c + 1) * dim * dim);
        checkRotation(rotation, dim, state);
        const words = widths.map((_w, m) => {
          const at = (c * codebooks + m) * size * width;
          return data.slice(at, at + size * width);
        });
        return { rotation, product: new ProductCodebook(widths, words) };
      }),
    );
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-lopq",
    name: "LOPQ",
    kind: "lopq",
    family: "PQ",
    file: "quantizers/lopq.ts",
    use: "lopq:64,16x256",
    source: "doi 10.1109/CVPR.2014.298",
  },
];
