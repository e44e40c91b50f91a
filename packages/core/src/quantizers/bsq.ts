/*
 * Binary spherical quantization. Zhao, Xiong, Krähenbühl: "Image and Video Tokenization with Binary
 * Spherical Quantization", arXiv 2406.07548, section 4; survey equation 20.
 *
 *   v = P z (L numbers)   u = v / |v|   û = sign(u) / sqrt(L)   index = sum over i of 2^(i-1) [v_i > 0]
 *
 * As printed, sign(0) = +1 although the index bit of v = 0 is 0. Here one rule holds on both sides:
 * v > 0 sets the bit, anything else clears it and decodes to -1/sqrt(L). Bits are taken from v, not
 * from u: normalisation cannot change a sign, but it can flush a tiny component to zero. The zero
 * vector has no direction; by the same rule its code is 0 and decodes to the corner -1/sqrt(L) (1, …, 1).
 */
import { ShapeError } from "../errors/index.js";
import type { Codes } from "../spec/codes.js";
import type { QuantizerFamily, QuantizerState } from "../spec/quantizer.js";
import type { Matrix, Tensor } from "../spec/tensor.js";
import { BaseQuantizer } from "./base.js";
import { checkMatrix, checkMatrixShape } from "./checks.js";
import { groupsOfState } from "./lfq.js";
import { checkState, specBody, specError, stateFloats } from "./parse.js";
import type { BitGroups } from "./sign-bits.js";
import {
  bitGroups,
  bitsToCodes,
  codesToBigInts,
  codesToBits,
  decodeSigns,
  encodeSigns,
  parseBitGroups,
} from "./sign-bits.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "bsq:<bits> or bsq:<groups>x<bits>";

/** Linear maps between latents of D numbers and L bits. */
export interface BsqProjection {
  /** [L, D]: v = down z + downBias. */
  readonly down: Matrix;
  /** Length L. */
  readonly downBias?: Float32Array;
  /** [D, L]: z' = up û + upBias. */
  readonly up: Matrix;
  /** Length D. */
  readonly upBias?: Float32Array;
}

/** Binary spherical quantizer of latents [N, D] to codes [N, Q]; D = bits without a projection. */
export class BsqQuantizer extends BaseQuantizer {
  readonly #groups: BitGroups;
  readonly #projection: BsqProjection | undefined;

  constructor(groups: BitGroups, projection?: BsqProjection) {
    super({
      kind: "bsq",
      spec: `bsq:${groups.text}`,
      dim: projection === undefined ? groups.bits : checkProjection(projection, groups.bits),
      codebookSizes: groups.sizes,
      // A projection may turn a corner of the cube into another's cell on its way out and back.
      idempotent: projection === undefined,
      prefixDecodable: false,
    });
    this.#groups = groups;
    this.#projection = projection;
  }

  /** L, the bits of all codebooks together. */
  get bits(): number {
    return this.#groups.bits;
  }

  /** Bits of each codebook, length Q. */
  get bitWidths(): readonly number[] {
    return this.#groups.widths;
  }

  protected override check(latents: Matrix): number {
    return this.#projection === undefined
      ? checkMatrixShape(latents, this.dim) // `encode` looks at the values in its own pass
      : checkMatrix(latents, this.dim);
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    if (this.#projection === undefined) {
      encodeSigns(this.#groups, latents, out);
      return;
    }
    const { down, downBias } = this.#projection;
    const v = new Float32Array(latents.shape[0] * this.bits);
    affine(latents, down, downBias, v, signOnly);
    encodeSigns(this.#groups, { data: v, shape: [latents.shape[0], this.bits] }, out);
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    const corner = 1 / Math.sqrt(this.bits);
    if (this.#projection === undefined) {
      decodeSigns(this.#groups, codes, -corner, corner, out);
      return;
    }
    const unit = new Float32Array(codes.shape[0] * this.bits);
    decodeSigns(this.#groups, codes, -corner, corner, unit);
    const { up, upBias } = this.#projection;
    affine({ data: unit, shape: [codes.shape[0], this.bits] }, up, upBias, out, Math.fround);
  }

  /** Codes [N, Q] to the bit of every channel, [N, L]. */
  toBits(codes: Codes): Codes {
    return codesToBits(this.#groups, codes);
  }

  /** Bits [N, L] to codes [N, Q]. */
  fromBits(bits: Codes): Codes {
    return bitsToCodes(this.#groups, bits);
  }

  /** The index over all L bits of each position, across groups. */
  toBigIndices(codes: Codes): bigint[] {
    return codesToBigInts(this.#groups, codes);
  }

  protected stateParts() {
    const tensors: Record<string, Tensor> = {};
    if (this.#projection !== undefined) {
      const { down, downBias, up, upBias } = this.#projection;
      tensors["down"] = down;
      tensors["up"] = up;
      if (downBias !== undefined) tensors["down_bias"] = { data: downBias, shape: [this.bits] };
      if (upBias !== undefined) tensors["up_bias"] = { data: upBias, shape: [this.dim] };
    }
    return {
      config: { bits: this.#groups.bits, groups: this.#groups.widths.length },
      tensors,
    };
  }
}

/** `bsq(36)`, or with projections: `bsq(36, { projection })`. */
export function bsq(
  bits: number,
  options: { readonly groups?: number; readonly projection?: BsqProjection } = {},
): BsqQuantizer {
  return new BsqQuantizer(bitGroups(bits, options.groups), options.projection);
}

export const bsqFamily: QuantizerFamily = {
  kind: "bsq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("bsq:"),
  create(spec): BsqQuantizer {
    const groups = parseBitGroups(specBody(spec, "bsq", GRAMMAR));
    if (groups === undefined) throw specError(spec, `${GRAMMAR}, at most 31 bits a group`);
    return new BsqQuantizer(groups);
  },
  fromState(state: QuantizerState): BsqQuantizer {
    checkState(state, "bsq");
    const groups = groupsOfState(state);
    if (Object.keys(state.tensors).length === 0) return new BsqQuantizer(groups);
    const down = stateFloats(state, "down", [groups.bits, undefined]);
    const dim = down.shape[1]!;
    const up = stateFloats(state, "up", [dim, groups.bits]);
    const has = (name: string): boolean => Object.hasOwn(state.tensors, name);
    return new BsqQuantizer(groups, {
      down: { data: down.data, shape: [groups.bits, dim] },
      up: { data: up.data, shape: [dim, groups.bits] },
      ...(has("down_bias") && { downBias: stateFloats(state, "down_bias", [groups.bits]).data }),
      ...(has("up_bias") && { upBias: stateFloats(state, "up_bias", [dim]).data }),
    });
  },
};

/** D of a projection whose parts fit together. */
function checkProjection(projection: BsqProjection, bits: number): number {
  const { down, up, downBias, upBias } = projection;
  if (checkMatrix(down, undefined, "down projection") !== bits) {
    throw new ShapeError("down projection", {
      expected: `shape [${bits}, D]`,
      got: `[${down.shape.join(", ")}]`,
      remedy: "One row per bit.",
    });
  }
  const dim = down.shape[1];
  if (checkMatrix(up, bits, "up projection") !== dim) {
    throw new ShapeError("up projection", {
      expected: `shape [${dim}, ${bits}]`,
      got: `[${up.shape.join(", ")}]`,
      remedy: "One row per number of the latent.",
    });
  }
  for (const [name, bias, length] of [
    ["down bias", downBias, bits],
    ["up bias", upBias, dim],
  ] as const) {
    if (bias !== undefined) checkMatrix({ data: bias, shape: [1, bias.length] }, length, name);
  }
  return dim;
}

/** A double's sign as a float32: rounding to float32 itself would turn 1e-60 into 0. */
function signOnly(value: number): number {
  return value > 0 ? 1 : -1;
}

/** out [N, R] = finish(x [N, C] weight [R, C]^T + bias), accumulated in float64 from left to right. */
function affine(
  x: Matrix,
  weight: Matrix,
  bias: Float32Array | undefined,
  out: Float32Array,
  finish: (value: number) => number,
): void {
  const [rows, columns] = x.shape;
  const width = weight.shape[0];
  for (let n = 0; n < rows; n++) {
    for (let r = 0; r < width; r++) {
      let sum = bias === undefined ? 0 : bias[r]!;
      for (let c = 0; c < columns; c++) {
        sum += x.data[n * columns + c]! * weight.data[r * columns + c]!;
      }
      out[n * width + r] = finish(sum);
    }
  }
}

export const techniques: readonly Technique[] = [
  {
    id: "t-bsq",
    name: "BSQ",
    kind: "bsq",
    family: "BSQ",
    file: "quantizers/bsq.ts",
    use: "bsq:36",
    source: "arXiv 2406.07548, section 4; survey Eq. 20 with one rule for zero",
  },
];
