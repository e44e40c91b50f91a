/*
 * Separate codebooks for several modalities: an item's vector is its parts side by side (text, picture,
 * collaborative, …; see `fuse`), each part has a quantizer of its own, and the ID is their codes one
 * after the other. QARM (arXiv 2411.11739) codes each modality apart, by VQ and by residual k-means;
 * a single quantizer over `fuse`d parts, as in MMGRec (arXiv 2404.16555), is the other way.
 *
 *   x = [x_1, …, x_P],   codes = [q_1(x_1), …, q_P(x_P)],   x̂ = [x̂_1, …, x̂_P]
 *
 * The first part's codes lead, so that items alike in it share prefixes.
 */
import {
  ArgumentError,
  BaseQuantizer,
  FormatError,
  MismatchError,
  fitQuantizer,
  quantizerFamilies,
  quantizerFromState,
} from "@dtok/core";
import type {
  AsyncOptions,
  Codes,
  FitOptions,
  Matrix,
  Quantizer,
  QuantizerFamily,
  QuantizerState,
  Tensor,
  VectorSource,
  VectorStream,
} from "@dtok/core";
import { hierarchicalFamily } from "./hierarchical.js";
import { residualFamily } from "./residual.js";

const KIND = "parts";
const GRAMMAR = "parts:<D>/<quantizer>;<D>/<quantizer>;…";
const MAX_PARTS = 16;
const partFamilies = [...quantizerFamilies, residualFamily, hierarchicalFamily];

/** Quantizer of vectors [N, D_1 + … + D_P] to the codes of all parts, [N, Q_1 + … + Q_P]. */
export class SeparateQuantizer extends BaseQuantizer {
  readonly parts: readonly Quantizer[];

  /** @param parts 1 to 16 quantizers, in the order of their numbers in a vector */
  constructor(parts: readonly Quantizer[]) {
    if (parts.length < 1 || parts.length > MAX_PARTS) {
      throw new ArgumentError("parts", {
        expected: `1 to ${MAX_PARTS} quantizers`,
        got: String(parts.length),
        remedy: "Pass one per modality.",
      });
    }
    super({
      kind: KIND,
      spec: `${KIND}:${parts.map(({ dim, spec }) => `${dim}/${spec}`).join(";")}`,
      dim: parts.reduce((sum, { dim }) => sum + dim, 0),
      codebookSizes: parts.flatMap(({ codebookSizes }) => codebookSizes),
      idempotent: parts.every(({ idempotent }) => idempotent),
      prefixDecodable: parts.length === 1 && parts[0]!.prefixDecodable,
    });
    this.parts = [...parts];
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    let [column, code] = [0, 0];
    for (const part of this.parts) {
      const own = part.quantize(columnsOf(latents, column, part.dim));
      place(own, out, code, this.codebookSizes.length);
      column += part.dim;
      code += part.codebookSizes.length;
    }
  }

  override async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    options.signal?.throwIfAborted();
    const rows = this.check(latents);
    const width = this.codebookSizes.length;
    const data = new Int32Array(rows * width);
    let [column, code] = [0, 0];
    for (const part of this.parts) {
      const own = await part.quantizeAsync(columnsOf(latents, column, part.dim), options);
      place(own, data, code, width);
      column += part.dim;
      code += part.codebookSizes.length;
    }
    return { data, shape: [rows, width] };
  }

  protected decode({ data, shape: [rows, width] }: Codes, levels: number, out: Float32Array): void {
    let [column, code] = [0, 0];
    for (const part of this.parts) {
      const count = Math.min(part.codebookSizes.length, levels - code);
      const own = new Int32Array(rows * count);
      for (let n = 0; n < rows; n++) {
        for (let q = 0; q < count; q++) own[n * count + q] = data[n * width + code + q]!;
      }
      const decoded = part.dequantize({ data: own, shape: [rows, count] }).data;
      for (let n = 0; n < rows; n++) {
        out.set(decoded.subarray(n * part.dim, (n + 1) * part.dim), n * this.dim + column);
      }
      column += part.dim;
      code += part.codebookSizes.length;
    }
  }

  protected stateParts() {
    const states = this.parts.map((part) => part.toState());
    const tensors: Record<string, Tensor> = {};
    for (const [i, state] of states.entries()) {
      for (const [name, tensor] of Object.entries(state.tensors)) {
        tensors[`part.${i}.${name}`] = tensor;
      }
    }
    const parts = states.map(({ kind, version, config }) => ({ kind, version, config }));
    return { config: { parts }, tensors };
  }
}

function columnsOf({ data, shape: [rows, dim] }: Matrix, from: number, width: number): Matrix {
  const out = new Float32Array(rows * width);
  for (let n = 0; n < rows; n++) {
    out.set(data.subarray(n * dim + from, n * dim + from + width), n * width);
  }
  return { data: out, shape: [rows, width] };
}

function place({ data, shape: [rows, count] }: Codes, out: Int32Array, at: number, width: number) {
  for (let n = 0; n < rows; n++) {
    for (let q = 0; q < count; q++) out[n * width + at + q] = data[n * count + q]!;
  }
}

/**
 * Fits each part's quantizer on its own numbers of the vectors.
 *
 * @param spec "parts:768/rkmeans:2x256;64/vq:256" for 768 numbers of text and 64 of users' choices
 */
export async function fitSeparate(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<SeparateQuantizer> {
  const wanted = parseSpec(spec);
  const stream = typeof (vectors as VectorStream)?.chunks === "function";
  const dim = stream ? (vectors as VectorStream).dim : (vectors as Matrix)?.shape?.[1];
  const total = wanted.reduce((sum, { width }) => sum + width, 0);
  if (dim !== total) {
    throw new MismatchError("vectors", {
      expected: `${total} numbers each, the sum of the parts`,
      got: String(dim),
      remedy: "Correct the widths in the spec.",
    });
  }
  const parts: Quantizer[] = [];
  let column = 0;
  for (const [i, part] of wanted.entries()) {
    const from = column;
    const { onProgress } = options;
    const own: VectorSource = stream
      ? {
          dim: part.width,
          ...((vectors as VectorStream).count !== undefined && {
            count: (vectors as VectorStream).count!,
          }),
          async *chunks() {
            for await (const chunk of (vectors as VectorStream).chunks()) {
              yield columnsOf(chunk, from, part.width);
            }
          },
        }
      : columnsOf(vectors as Matrix, from, part.width);
    parts.push(
      await fitQuantizer(part.spec, own, {
        ...options,
        families: partFamilies,
        ...(onProgress && {
          onProgress: (p) =>
            onProgress({ ...p, stage: `part ${i + 1}/${wanted.length}, ${p.stage}` }),
        }),
      }),
    );
    column += part.width;
  }
  return new SeparateQuantizer(parts);
}

function parseSpec(spec: string): { readonly width: number; readonly spec: string }[] {
  const parts = typeof spec === "string" ? spec.slice(KIND.length + 1).split(";") : [];
  const found = parts.map((part) => /^([1-9]\d{0,6})\/([a-z][^/;]*)$/.exec(part));
  if (
    !spec.startsWith?.(`${KIND}:`) ||
    parts.length > MAX_PARTS ||
    found.includes(null) ||
    found.some((match) => match![2]!.startsWith(`${KIND}:`))
  ) {
    throw new ArgumentError("quantizer spec", {
      expected: `${GRAMMAR}, up to ${MAX_PARTS}`,
      got: String(spec).slice(0, 120),
      remedy: "Write for example parts:768/rkmeans:2x256;64/vq:256.",
    });
  }
  return found.map((match) => ({ width: Number(match![1]), spec: match![2]! }));
}

export const separateFamily: QuantizerFamily = {
  kind: KIND,
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith(`${KIND}:`),
  fit: fitSeparate,
  fromState(state: QuantizerState): SeparateQuantizer {
    if (state.kind !== KIND || state.version > 1) {
      throw new MismatchError("quantizer state", {
        expected: `kind ${KIND}, version 1`,
        got: `${state.kind}, version ${state.version}`,
        remedy: "Load it by the family of its kind, or update @dtok/recsys.",
      });
    }
    const { parts } = state.config;
    if (
      !Array.isArray(parts) ||
      parts.length > MAX_PARTS ||
      !parts.every(
        (part: Partial<QuantizerState> | null) =>
          typeof part?.kind === "string" &&
          part.kind !== KIND &&
          Number.isSafeInteger(part.version) &&
          typeof part.config === "object" &&
          part.config !== null,
      )
    ) {
      throw new FormatError("quantizer state", {
        expected: `a list of 1 to ${MAX_PARTS} parts with kind, version and config`,
        got: JSON.stringify(parts ?? null).slice(0, 80),
        remedy: "The file is damaged, or was not written by dtok.",
      });
    }
    return new SeparateQuantizer(
      (parts as QuantizerState[]).map(({ kind, version, config }, i) => {
        const mine = `part.${i}.`;
        const tensors = Object.fromEntries(
          Object.entries(state.tensors)
            .filter(([name]) => name.startsWith(mine))
            .map(([name, tensor]) => [name.slice(mine.length), tensor]),
        );
        return quantizerFromState({ kind, version, config, tensors }, partFamilies);
      }),
    );
  },
};
