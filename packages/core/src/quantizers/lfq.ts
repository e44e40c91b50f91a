/*
 * Lookup-free quantization. Yu et al.: "Language Model Beats Diffusion: Tokenizer is Key to Visual
 * Generation" (MAGVIT-v2), arXiv 2310.05737, section 3.1; survey equations 17 to 19.
 *
 *   q(z_i) = sign(z_i) = 1 if z_i > 0, else -1        index = sum over i of 2^(i-1) [z_i > 0]
 *
 * Bits are little-endian: the first channel has weight 1. Zero gives -1 and bit 0.
 */
import type { Codes } from "../spec/codes.js";
import type { QuantizerFamily, QuantizerState } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { BaseQuantizer } from "./base.js";
import { checkMatrixShape } from "./checks.js";
import { checkState, specBody, specError, stateInteger } from "./parse.js";
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

const GRAMMAR = "lfq:<bits> or lfq:<groups>x<bits>";

/**
 * Lookup-free quantizer: latents [N, D] to the signs of their D channels, as codes [N, Q].
 * Up to 31 bits make one codebook; more are split into the fewest groups of nearly equal width.
 */
export class LfqQuantizer extends BaseQuantizer {
  readonly #groups: BitGroups;

  constructor(groups: BitGroups) {
    super({
      kind: "lfq",
      spec: `lfq:${groups.text}`,
      dim: groups.bits,
      codebookSizes: groups.sizes,
      idempotent: true,
      prefixDecodable: false,
    });
    this.#groups = groups;
  }

  /** Bits of each codebook, length Q. */
  get bitWidths(): readonly number[] {
    return this.#groups.widths;
  }

  /** Shape only: `encode` looks for NaN and infinities in its own pass. */
  protected override check(latents: Matrix): number {
    return checkMatrixShape(latents, this.dim);
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    encodeSigns(this.#groups, latents, out);
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    decodeSigns(this.#groups, codes, -1, 1, out);
  }

  /** Codes [N, Q] to the bit of every channel, [N, D]. */
  toBits(codes: Codes): Codes {
    return codesToBits(this.#groups, codes);
  }

  /** Bits [N, D] to codes [N, Q]. */
  fromBits(bits: Codes): Codes {
    return bitsToCodes(this.#groups, bits);
  }

  /** The index over all D bits of each position, across groups. */
  toBigIndices(codes: Codes): bigint[] {
    return codesToBigInts(this.#groups, codes);
  }

  protected stateParts() {
    return {
      config: { bits: this.#groups.bits, groups: this.#groups.widths.length },
      tensors: {},
    };
  }
}

/** `lfq(18)`: one codebook of 2^18; `lfq(18, 2)`: two of 2^9. */
export function lfq(bits: number, groups?: number): LfqQuantizer {
  return new LfqQuantizer(bitGroups(bits, groups));
}

export const lfqFamily: QuantizerFamily = {
  kind: "lfq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("lfq:"),
  create(spec): LfqQuantizer {
    const groups = parseBitGroups(specBody(spec, "lfq", GRAMMAR));
    if (groups === undefined) throw specError(spec, `${GRAMMAR}, at most 31 bits a group`);
    return new LfqQuantizer(groups);
  },
  fromState(state: QuantizerState): LfqQuantizer {
    checkState(state, "lfq");
    return new LfqQuantizer(groupsOfState(state));
  },
};

/** The split that a state of LFQ or BSQ records. */
export function groupsOfState(state: QuantizerState): BitGroups {
  const bits = stateInteger(state, "bits", 1, 65536);
  const fewest = Math.ceil(bits / 31);
  const count = stateInteger(state, "groups", fewest, bits);
  return count === fewest ? bitGroups(bits) : bitGroups(bits, count);
}

export const techniques: readonly Technique[] = [
  {
    id: "t-lfq",
    name: "LFQ (MAGVIT-v2)",
    kind: "lfq",
    family: "LFQ",
    file: "quantizers/lfq.ts",
    use: "lfq:18",
    source: "arXiv 2310.05737, section 3.1; survey Eq. 17-19",
  },
];
