import { createRandom, isDtokError, loadQuantizer, saveQuantizer } from "@dtok/core";
import type { Codes, Matrix, Quantizer, QuantizerFamily } from "@dtok/core";
import { demand, demandTyped, runChecks, skip } from "./result.js";
import type { Check, CheckResult } from "./result.js";

export interface QuantizerCheckOptions {
  /** Vectors to try, [N, D]. Default: 300 standard normal ones. */
  readonly vectors?: Matrix;
  /** The family, for reading the saved state back. Default: core's families. */
  readonly families?: readonly QuantizerFamily[];
}

interface Subject {
  readonly quantizer: Quantizer;
  readonly vectors: Matrix;
  readonly families: readonly QuantizerFamily[] | undefined;
}

function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i]) && a[i] !== b[i]) return false;
  return true;
}

function rows({ data, shape }: Matrix, from: number, to: number): Matrix {
  const dim = shape[1];
  return { data: data.slice(from * dim, to * dim), shape: [to - from, dim] };
}

function randomCodes(quantizer: Quantizer, count: number): Codes {
  const random = createRandom(11);
  const width = quantizer.codebookSizes.length;
  const data = new Int32Array(count * width);
  for (let i = 0; i < data.length; i++) {
    data[i] = random.integer(quantizer.codebookSizes[i % width] as number);
  }
  return { data, shape: [count, width] };
}

const checks: readonly Check<Subject>[] = [
  [
    "declares a dimension and codebook sizes that make sense",
    ({ quantizer: { dim, codebookSizes, kind, spec } }) => {
      demand(Number.isSafeInteger(dim) && dim >= 1, `dim is ${dim}`);
      demand(codebookSizes.length >= 1, "there is no codebook");
      for (const size of codebookSizes) {
        demand(Number.isSafeInteger(size) && size >= 1 && size <= 2 ** 31, `a codebook of ${size}`);
      }
      demand(kind !== "" && spec !== "", "kind or spec is empty");
    },
  ],
  [
    "gives codes [N, Q] in range",
    ({ quantizer, vectors }) => {
      const codes = quantizer.quantize(vectors);
      const width = quantizer.codebookSizes.length;
      demand(
        codes.shape[0] === vectors.shape[0] && codes.shape[1] === width,
        `shape [${codes.shape.join(", ")}]`,
      );
      demand(codes.data.length === codes.shape[0] * width, `${codes.data.length} codes`);
      for (const [i, code] of codes.data.entries()) {
        const size = quantizer.codebookSizes[i % width] as number;
        demand(
          code >= 0 && code < size,
          `code ${code} of codebook ${i % width}, which has ${size}`,
        );
      }
    },
  ],
  [
    "gives vectors [N, D] of finite numbers",
    ({ quantizer, vectors }) => {
      const back = quantizer.dequantize(quantizer.quantize(vectors));
      demand(
        back.shape[0] === vectors.shape[0] && back.shape[1] === quantizer.dim,
        `shape [${back.shape.join(", ")}]`,
      );
      demand(back.data.every(Number.isFinite), "a value is not finite");
    },
  ],
  [
    "gives the same codes twice, and does not touch its input",
    ({ quantizer, vectors }) => {
      const copy = { ...vectors, data: vectors.data.slice() };
      const first = quantizer.quantize(copy).data;
      demand(same(copy.data, vectors.data), "quantize changed its input");
      demand(same(first, quantizer.quantize(copy).data), "the second run differs");
      const codes = { data: first.slice(), shape: quantizer.quantize(copy).shape };
      quantizer.dequantize(codes);
      demand(same(codes.data, first), "dequantize changed its input");
    },
  ],
  [
    "gives a batch what it gives its rows",
    ({ quantizer, vectors }) => {
      const all = quantizer.quantize(vectors);
      const width = all.shape[1];
      for (const [from, to] of [
        [0, 1],
        [1, 8],
        [8, 29],
      ] as const) {
        if (to > vectors.shape[0]) continue;
        const part = quantizer.quantize(rows(vectors, from, to));
        demand(
          same(part.data, all.data.subarray(from * width, to * width)),
          `rows ${from} to ${to} differ`,
        );
      }
    },
  ],
  [
    "quantizeAsync agrees with quantize",
    async ({ quantizer, vectors }) => {
      const codes = await quantizer.quantizeAsync(vectors);
      demand(same(codes.data, quantizer.quantize(vectors).data), "the codes differ");
    },
  ],
  [
    "takes no vectors and no codes",
    ({ quantizer }) => {
      const codes = quantizer.quantize({ data: new Float32Array(0), shape: [0, quantizer.dim] });
      demand(codes.data.length === 0 && codes.shape[0] === 0, "no vectors gave codes");
      demand(quantizer.dequantize(codes).data.length === 0, "no codes gave vectors");
    },
  ],
  [
    "quantize(dequantize(c)) = c, where declared",
    ({ quantizer }) => {
      if (!quantizer.idempotent) skip("not declared idempotent");
      const codes = randomCodes(quantizer, 200);
      const again = quantizer.quantize(quantizer.dequantize(codes));
      demand(same(again.data, codes.data), "a decoded vector has another code");
    },
  ],
  [
    "any prefix of levels decodes, where declared",
    ({ quantizer, vectors }) => {
      if (!quantizer.prefixDecodable) skip("not declared prefix decodable");
      const codes = quantizer.quantize(vectors);
      const whole = quantizer.dequantize(codes);
      const width = codes.shape[1];
      demand(
        same(quantizer.dequantize(codes, { levels: width }).data, whole.data),
        "all levels differ from none given",
      );
      for (let levels = 1; levels <= width; levels++) {
        const part = quantizer.dequantize(codes, { levels });
        demand(
          part.shape[1] === quantizer.dim,
          `${levels} levels decode to ${part.shape[1]} numbers`,
        );
      }
    },
  ],
  [
    "comes back from its saved state with the same codes and vectors",
    ({ quantizer, vectors, families }) => {
      const bytes = saveQuantizer(quantizer);
      const again = families ? loadQuantizer(bytes, families) : loadQuantizer(bytes);
      demand(again.spec === quantizer.spec, `spec ${again.spec} instead of ${quantizer.spec}`);
      const codes = quantizer.quantize(vectors);
      demand(same(again.quantize(vectors).data, codes.data), "the codes differ");
      demand(
        same(again.dequantize(codes).data, quantizer.dequantize(codes).data),
        "the vectors differ",
      );
    },
  ],
  [
    "refuses NaN, infinity and wrong shapes by typed errors",
    async ({ quantizer }) => {
      const { dim } = quantizer;
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const data = new Float32Array(dim * 3).fill(0.5);
        data[dim + (dim >> 1)] = value;
        await demandTyped(
          () => quantizer.quantize({ data, shape: [3, dim] }),
          isDtokError,
          String(value),
        );
      }
      const data = new Float32Array(dim + 1);
      await demandTyped(
        () => quantizer.quantize({ data, shape: [1, dim + 1] }),
        isDtokError,
        "a row too wide",
      );
      await demandTyped(
        () => quantizer.quantize({ data, shape: [1, dim] }),
        isDtokError,
        "data longer than its shape",
      );
      await demandTyped(() => quantizer.quantize(undefined as never), isDtokError, "nothing");
    },
  ],
  [
    "refuses codes out of range by typed errors",
    async ({ quantizer }) => {
      const width = quantizer.codebookSizes.length;
      for (let q = 0; q < width; q++) {
        for (const code of [-1, quantizer.codebookSizes[q] as number]) {
          if (code > 2 ** 31 - 1) continue;
          const data = new Int32Array(width);
          data[q] = code;
          await demandTyped(
            () => quantizer.dequantize({ data, shape: [1, width] }),
            isDtokError,
            `code ${code} in codebook ${q}`,
          );
        }
      }
    },
  ],
];

/** Names of the checks, in order. */
export const quantizerCheckNames: readonly string[] = checks.map(([name]) => name);

/** What every quantizer must do, ours and a stranger's. */
export function checkQuantizer(
  quantizer: Quantizer,
  options: QuantizerCheckOptions = {},
): Promise<CheckResult[]> {
  const count = 300;
  const vectors: Matrix = options.vectors ?? {
    data: createRandom(7).fillNormal(new Float32Array(count * quantizer.dim)),
    shape: [count, quantizer.dim],
  };
  return runChecks(checks, { quantizer, vectors, families: options.families });
}
