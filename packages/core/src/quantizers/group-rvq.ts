/*
 * Grouped residual vector quantization. Yang et al.: "HiFi-Codec: Group-residual Vector quantization for
 * High Fidelity Audio Codec", arXiv 2305.02765, section 3.2: the D coordinates are cut into G groups of
 * D/G, and each group has residual codebooks of its own.
 *
 * Not the GRVQ of the survey's section 2.2.1 (generalized residual vector quantization, Liu et al.,
 * arXiv 1609.05345), which is another way to fit RVQ: hence the id. `grvq:` is read as this one.
 *
 * Codes are [N, M G], coarse to fine: level 1 of all groups, then level 2 of all groups. So any prefix
 * decodes; a group whose code is cut off adds nothing.
 */
import type { Codes } from "../spec/codes.js";
import type {
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix, Tensor } from "../spec/tensor.js";
import { ShapeError } from "../errors/index.js";
import { AdditiveCodebooks } from "./additive.js";
import type { AdditiveSearch } from "./additive-search.js";
import { BaseQuantizer } from "./base.js";
import { checkFinite, checkInteger } from "./checks.js";
import { sourceDim } from "./fit-sample.js";
import { checkState, parseCount, specError, stateFloats, stateInteger } from "./parse.js";
import { checkIterations } from "./pq.js";
import { equalWidths, gather } from "./product.js";
import { encodeGreedily, fitLevels, kmeansLevel, residualSearch, sampleForLevels } from "./rvq.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "group-rvq:<groups>x<levels>x<K>[,beam=<paths>]";
const MAX_GROUPS = 4096;
const MAX_LEVELS = 4096;
const MAX_BEAM = 1024;
/** Rows that are gathered at a time. */
const TILE = 4096;

/** Residual codebooks in each group of coordinates: latents [N, D] to codes [N, M G]. */
export class GroupRvqQuantizer extends BaseQuantizer {
  readonly groups: number;
  readonly levels: number;
  readonly beam: number;
  readonly #parts: readonly AdditiveCodebooks[];
  #searches: readonly AdditiveSearch[] | undefined;

  /**
   * @param parts codebooks [M, K, D/G] of each group, all of one shape
   * @param beam paths that encoding keeps in each group; 1 is greedy
   */
  constructor(parts: readonly AdditiveCodebooks[], beam = 1) {
    const { codebooks, size, dim } = parts[0]!;
    super({
      kind: "group-rvq",
      spec: `group-rvq:${parts.length}x${codebooks}x${size}${beam === 1 ? "" : `,beam=${beam}`}`,
      dim: dim * parts.length,
      codebookSizes: Array.from({ length: parts.length * codebooks }, () => size),
      // Greedy residual codes of a sum need not be the codes that made it.
      idempotent: false,
      prefixDecodable: true,
    });
    this.groups = parts.length;
    this.levels = codebooks;
    this.beam = checkInteger(beam, 1, MAX_BEAM, "beam");
    this.#parts = parts;
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const rows = latents.shape[0];
    const { groups, levels, beam } = this;
    if (beam > 1) this.#searches ??= this.#parts.map((part) => residualSearch(part, beam));
    const width = this.dim / groups;
    const tile = new Float32Array(Math.min(TILE, rows) * width);
    const codes = new Int32Array(Math.min(TILE, rows) * levels);
    for (let first = 0; first < rows; first += TILE) {
      const n = Math.min(TILE, rows - first);
      this.#parts.forEach((part, g) => {
        gather(latents.data, first, n, this.dim, g * width, width, tile);
        if (beam === 1) encodeGreedily(part, tile, n, codes);
        else this.#searches![g]!.encode(tile, n, codes);
        for (let i = 0; i < n; i++) {
          const to = (first + i) * levels * groups + g;
          for (let m = 0; m < levels; m++) out[to + m * groups] = codes[i * levels + m]!;
        }
      });
    }
  }

  protected decode(codes: Codes, levels: number, out: Float32Array): void {
    const [rows, stride] = codes.shape;
    const { size, dim: width } = this.#parts[0]!;
    for (let q = 0; q < levels; q++) {
      const group = q % this.groups;
      const level = (q - group) / this.groups;
      const { words } = this.#parts[group]!;
      for (let i = 0; i < rows; i++) {
        const from = (level * size + codes.data[i * stride + q]!) * width;
        const to = i * this.dim + group * width;
        for (let d = 0; d < width; d++) out[to + d] = out[to + d]! + words[from + d]!;
      }
    }
  }

  protected stateParts() {
    const { codebooks: levels, size, dim: width } = this.#parts[0]!;
    const { groups, beam, dim } = this;
    const data = new Float32Array(groups * levels * size * width);
    this.#parts.forEach((part, g) => data.set(part.words, g * part.words.length));
    return {
      config: { dim, groups, levels, size, beam },
      tensors: { codebook: { data, shape: [groups, levels, size, width] } },
    };
  }
}

function parse(spec: string) {
  const match = /^(?:group-rvq|grvq):(\d+)x(\d+)x(\d+)(?:,beam=(\d+))?$/.exec(spec);
  if (match === null) throw specError(spec, GRAMMAR);
  return {
    groups: parseCount(match[1]!, MAX_GROUPS, spec, GRAMMAR),
    levels: parseCount(match[2]!, MAX_LEVELS, spec, GRAMMAR),
    size: parseCount(match[3]!, 65536, spec, GRAMMAR),
    beam: match[4] === undefined ? 1 : parseCount(match[4], MAX_BEAM, spec, GRAMMAR),
  };
}

/** Fits `group-rvq:<groups>x<levels>x<K>`; `iterations` of each k-means, 25 where left out. */
export async function fitGroupRvq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<GroupRvqQuantizer> {
  const { groups, levels, size, beam } = parse(spec);
  checkIterations(options);
  const dim = sourceDim(vectors);
  const width = equalWidths(dim, groups, spec)[0]!;
  const parsed = { levels, size, beam };
  const sample = await sampleForLevels(vectors, parsed, options);
  const n = sample.shape[0];
  const parts: AdditiveCodebooks[] = [];
  for (let g = 0; g < groups; g++) {
    const rows = new Float32Array(n * width);
    gather(sample.data, 0, n, dim, g * width, width, rows);
    // Another seed for each group: equal groups must not start at the same rows.
    const own: FitOptions = {
      ...options,
      seed: ((options.seed ?? 0) + g * 0x85ebca6b) % 2 ** 32,
      ...(options.onProgress !== undefined && {
        onProgress: (step) =>
          options.onProgress!({ ...step, stage: `group ${g + 1}/${groups}, ${step.stage}` }),
      }),
    };
    const { books } = await fitLevels(rows, n, width, parsed, own, kmeansLevel(parsed, own));
    parts.push(books);
  }
  return new GroupRvqQuantizer(parts, beam);
}

/** Codebooks [G, M, K, D/G] as one for each group. */
function splitGroups(
  data: Float32Array,
  groups: number,
  levels: number,
  size: number,
  width: number,
): AdditiveCodebooks[] {
  const each = levels * size * width;
  return Array.from(
    { length: groups },
    (_, g) => new AdditiveCodebooks(levels, size, width, data.slice(g * each, (g + 1) * each)),
  );
}

export const groupRvqFamily: QuantizerFamily = {
  kind: "group-rvq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("group-rvq:") || spec.startsWith("grvq:"),
  fit: fitGroupRvq,
  /** Codebook [G, M, K, D/G]. */
  fromCodebook(spec, { data, shape }: Tensor<Float32Array>): GroupRvqQuantizer {
    const { groups, levels, size, beam } = parse(spec);
    const width = shape[3] ?? 0;
    const fits =
      data instanceof Float32Array &&
      shape.length === 4 &&
      shape[0] === groups &&
      shape[1] === levels &&
      shape[2] === size &&
      width >= 1 &&
      data.length === groups * levels * size * width;
    if (!fits) {
      throw new ShapeError(`codebook of ${spec}`, {
        expected: `float32 [${groups}, ${levels}, ${size}, width]`,
        got: `[${shape?.join(", ")}] with ${data?.length} numbers`,
        remedy: "Stack the codebooks by group, then by level.",
      });
    }
    checkFinite({ data, shape: [groups * levels * size, width] }, `codebook of ${spec}`);
    return new GroupRvqQuantizer(splitGroups(data, groups, levels, size, width), beam);
  },
  fromState(state: QuantizerState): GroupRvqQuantizer {
    checkState(state, "group-rvq");
    const dim = stateInteger(state, "dim", 1, 2 ** 24);
    const groups = stateInteger(state, "groups", 1, MAX_GROUPS);
    const levels = stateInteger(state, "levels", 1, MAX_LEVELS);
    const size = stateInteger(state, "size", 1, 65536);
    const beam = stateInteger(state, "beam", 1, MAX_BEAM);
    const width = equalWidths(dim, groups, "group-rvq")[0]!;
    const { data } = stateFloats(state, "codebook", [groups, levels, size, width]);
    return new GroupRvqQuantizer(splitGroups(data, groups, levels, size, width), beam);
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-group-residual-vq",
    name: "Grouped RVQ (HiFi-Codec; not generalized RVQ)",
    kind: "group-rvq",
    family: "RVQ",
    file: "quantizers/group-rvq.ts",
    use: "group-rvq:2x4x1024",
    source: "arXiv 2305.02765, section 3.2",
  },
];
