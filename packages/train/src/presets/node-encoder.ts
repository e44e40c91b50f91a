/*
 * Hash encoders: nodes of a graph from a few tokens each instead of a row of a table each.
 *
 *   NodePiece (Galkin et al., arXiv 2106.12144, section 3.3): anchors with their distances and relations,
 *   through an MLP over all of them side by side or a Transformer.
 *   RandomEQ (Li et al., arXiv 2310.15797): the same over random codes.
 *
 * trained on link prediction with ComplEx (Trouillon et al., arXiv 1606.06357):
 *
 *   score(h, r, t) = Re(sum over d of h_d r_d conj(t_d));   vectors are [real parts, imaginary parts]
 *
 * by a softmax over the nodes of the batch, toward tails and toward heads, with N3 (Lacroix et al.,
 * arXiv 1806.07297, equation 8). Tables stand outside of the training graph, which sees the rows of the
 * batch and gives their gradients back: gathering and scattering are a loop in memory.
 */
import { ArgumentError, Random } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { toFloat16 } from "../float16.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/builder.js";
import { add, gelu, mul, sqrt, square, sub } from "../graph/elementwise.js";
import { gradients } from "../graph/gradients.js";
import { gather } from "../graph/indices.js";
import { matmul } from "../graph/linear.js";
import { concat, reduceMean, reduceSum, reshape, slice, transpose } from "../graph/shape.js";
import { crossEntropy, softmax } from "../graph/softmax.js";
import { linearLayer } from "../layers/layers.js";
import { layerNorm } from "../layers/norm.js";
import { SparseTable } from "../optim/sparse-table.js";

/** Columns of a node's codes that share a table. */
export interface CodeField {
  readonly name: string;
  /** First column and number of columns. */
  readonly from: number;
  readonly columns: number;
  /** Entries of the table. */
  readonly size: number;
  /** First token that the columns' rows are added to (a distance to its anchor). Default: new tokens. */
  readonly onto?: number;
}

export interface NodeEncoderConfig {
  readonly kind: "mlp" | "transformer";
  readonly fields: readonly CodeField[];
  /** Numbers per token. */
  readonly width: number;
  /** Numbers between tokens and vector (MLP), or within a block's MLP (Transformer). */
  readonly hidden: number;
  /** Numbers per node, an even number: half real, half imaginary. */
  readonly dim: number;
  /** Transformer blocks. Default 1. */
  readonly blocks?: number;
  /** Default 4. */
  readonly heads?: number;
  readonly relations: number;
}

/** Tokens of a node. */
export function tokenCount({ fields }: NodeEncoderConfig): number {
  return fields.reduce((sum, field) => sum + (field.onto === undefined ? field.columns : 0), 0);
}

/** Where each field's first token is. */
function places(config: NodeEncoderConfig): number[] {
  let next = 0;
  return config.fields.map((field) => {
    if (field.onto !== undefined) return field.onto;
    next += field.columns;
    return next - field.columns;
  });
}

/** Numbers of the whole encoder, tables included. */
export function encoderSize(config: NodeEncoderConfig): number {
  const g = new GraphBuilder();
  trunk(g, new Random(0), config, g.input("tokens", [1, tokenCount(config), config.width]));
  const tables = config.fields.reduce((sum, { size }) => sum + size * config.width, 0);
  return [...g.parameters.values()].reduce((sum, { initial }) => sum + initial.length, tables);
}

/** The tables of an encoder: tokens of nodes in, gradients back. */
export class CodeEmbedding {
  readonly tables: Readonly<Record<string, SparseTable>>;
  readonly #fields: readonly (CodeField & {
    readonly place: number;
    readonly table: SparseTable;
  })[];
  readonly #tokens: number;

  constructor(
    readonly config: NodeEncoderConfig,
    /** [N, Q]. */
    readonly codes: { readonly data: Int32Array; readonly shape: readonly [number, number] },
    random: Random,
  ) {
    const { width, fields } = config;
    const at = places(config);
    this.tables = Object.fromEntries(
      fields.map(({ name, size }) => [
        name,
        new SparseTable(size, width, (n) => random.fillNormal(new Float32Array(n), 0.3)),
      ]),
    );
    this.#fields = fields.map((field, i) => ({
      ...field,
      place: at[i] as number,
      table: this.tables[field.name] as SparseTable,
    }));
    this.#tokens = tokenCount(config);
  }

  /** Tokens of nodes, [nodes, T, width], into `out`. */
  forward(nodes: Int32Array, out: Float32Array): void {
    const { width } = this.config;
    const columns = this.codes.shape[1];
    out.fill(0);
    for (const { from, columns: count, place, table } of this.#fields) {
      for (let i = 0; i < nodes.length; i++) {
        const codes = (nodes[i] as number) * columns + from;
        const tokens = (i * this.#tokens + place) * width;
        for (let c = 0; c < count; c++) {
          const row = (this.codes.data[codes + c] as number) * width;
          const to = tokens + c * width;
          for (let d = 0; d < width; d++) {
            out[to + d] = (out[to + d] as number) + (table.data[row + d] as number);
          }
        }
      }
    }
  }

  /** Moves the rows behind the tokens of nodes against the tokens' gradients. */
  backward(nodes: Int32Array, gradient: Float32Array, rate: number): void {
    const { width } = this.config;
    const columns = this.codes.shape[1];
    for (const { from, columns: count, place, table } of this.#fields) {
      for (let i = 0; i < nodes.length; i++) {
        const codes = (nodes[i] as number) * columns + from;
        const tokens = (i * this.#tokens + place) * width;
        for (let c = 0; c < count; c++) {
          table.add(this.codes.data[codes + c] as number, gradient, tokens + c * width);
        }
      }
      table.apply(rate);
    }
  }
}

/** Tokens [n, T, width] to vectors [n, dim]. */
function trunk(g: GraphBuilder, random: Random, config: NodeEncoderConfig, tokens: Value): Value {
  const { kind, width, hidden, dim, blocks = 1, heads = 4 } = config;
  const count = tokenCount(config);
  if (kind === "mlp") {
    const flat = reshape(tokens, [-1, count * width]);
    const h = gelu(linearLayer(g, random, "enc.0", flat, hidden, 2));
    return linearLayer(g, random, "enc.1", h, dim, 1);
  }
  if (width % heads !== 0) {
    throw new ArgumentError("heads", {
      expected: `a divisor of the width, ${width}`,
      got: String(heads),
      remedy: "Choose another number of heads.",
    });
  }
  const place = g.parameter("enc.place", [count, width], (n) =>
    random.fillNormal(new Float32Array(n), 0.1),
  );
  let x = add(tokens, place);
  const each = width / heads;
  for (let b = 0; b < blocks; b++) {
    const normed = layerNorm(g, `enc.${b}.norm`, x);
    const part = (name: string) =>
      transpose(
        reshape(linearLayer(g, random, `enc.${b}.${name}`, normed, width), [
          -1,
          count,
          heads,
          each,
        ]),
        [0, 2, 1, 3],
      );
    const scores = mul(matmul(part("q"), part("k"), { transposeB: true }), 1 / Math.sqrt(each));
    const mixed = transpose(matmul(softmax(scores), part("v")), [0, 2, 1, 3]);
    x = add(x, linearLayer(g, random, `enc.${b}.o`, reshape(mixed, [-1, count, width]), width));
    const second = layerNorm(g, `enc.${b}.norm2`, x);
    const h = gelu(linearLayer(g, random, `enc.${b}.up`, second, hidden, 2));
    x = add(x, linearLayer(g, random, `enc.${b}.down`, h, width));
  }
  return linearLayer(g, random, "enc.out", layerNorm(g, "enc.norm", reduceMean(x, [1])), dim);
}

/** The two halves of [.., dim]. */
function halves(x: Value): [Value, Value] {
  const last = x.rank - 1;
  const half = (x.shape[last] as number) / 2;
  return [slice(x, [last], [0], [half]), slice(x, [last], [half], [2 * half])];
}

/** h r, whose real inner product with conj(t) is the score; or conj(r) t toward heads. */
function query(x: Value, r: Value, toward: "tails" | "heads"): Value {
  const [xr, xi] = halves(x);
  const [rr, ri] = halves(r);
  const parts =
    toward === "tails"
      ? [sub(mul(xr, rr), mul(xi, ri)), add(mul(xr, ri), mul(xi, rr))]
      : [add(mul(xr, rr), mul(xi, ri)), sub(mul(xi, rr), mul(xr, ri))];
  return concat(parts, x.rank - 1);
}

function relationTable(g: GraphBuilder, random: Random, count: number, dim: number): Value {
  return g.parameter("relations", [count, dim], (n) => random.fillNormal(new Float32Array(n), 0.3));
}

export interface LinkTrainingOptions {
  /** Triples per step. */
  readonly batch: number;
  /** Nodes per step, those of the triples and others. */
  readonly nodes: number;
  readonly seed: number;
  /** Weight of N3. */
  readonly n3: number;
}

/**
 * The training graph. Inputs: "rows", [nodes, T, width] tokens (or [nodes, dim] vectors where `encoder` is a
 * plain table); "heads", "tails" int64 [batch], places among the nodes; "kinds" int64 [batch];
 * "toTails", "toHeads" [batch, nodes], added to the scores (known answers far down, and how often the
 * sampler shows each node). Output "rows": the gradient.
 */
export function linkTraining(
  g: GraphBuilder,
  encoder:
    | NodeEncoderConfig
    | { readonly kind: "table"; readonly dim: number; readonly relations: number },
  options: LinkTrainingOptions,
) {
  const { batch, nodes, n3 } = options;
  const random = new Random(options.seed, 1);
  const table = encoder.kind === "table";
  const rows = g.input(
    "rows",
    table ? [nodes, encoder.dim] : [nodes, tokenCount(encoder), encoder.width],
  );
  const vectors = table ? rows : trunk(g, random, encoder, rows);
  const [heads, tails, kinds] = ["heads", "tails", "kinds"].map((name) =>
    g.input(name, [batch], "int64"),
  ) as [Value, Value, Value];
  const r = gather(relationTable(g, random, encoder.relations, encoder.dim), kinds);
  const h = gather(vectors, heads);
  const t = gather(vectors, tails);
  const side = (q: Value, bias: Value, at: Value) =>
    reduceMean(crossEntropy(add(matmul(q, vectors, { transposeB: true }), bias), at));
  const error = mul(
    add(
      side(query(h, r, "tails"), g.input("toTails", [batch, nodes]), tails),
      side(query(t, r, "heads"), g.input("toHeads", [batch, nodes]), heads),
    ),
    0.5,
  );
  const norm = (x: Value) => {
    const [re, im] = halves(x);
    const size = sqrt(add(add(square(re), square(im)), 1e-8));
    return mul(reduceSum(mul(square(size), size)), 1 / batch);
  };
  const penalty = add(add(norm(h), norm(t)), norm(r));
  const loss = add(error, mul(penalty, n3));
  const [gradient] = gradients(loss, [rows]);
  return { loss, metrics: { error, n3: penalty }, outputs: { rows: gradient as Value } };
}

export interface ExportedNodeEncoder {
  /** "codes" int64 [n, Q] to "vectors" [n, dim]. */
  readonly encoder: Uint8Array;
  /** "vectors" [q, dim], "kinds" int64 [q], "candidates" [n, dim] to "tails" and "heads" [q, n]. */
  readonly scorer: Uint8Array;
}

/** Inference graphs; tables and kernels stored in float16 unless `full`. */
export function exportNodeEncoder(
  config: NodeEncoderConfig,
  trained: Readonly<Record<string, Tensor<Float32Array>>>,
  {
    full = false,
    metadata = {},
  }: { full?: boolean; metadata?: Readonly<Record<string, string>> } = {},
): ExportedNodeEncoder {
  const parameters = Object.fromEntries(
    Object.entries(trained).map(([name, tensor]) => [
      name,
      tensor.shape.length > 1 && !full ? toFloat16(tensor) : tensor,
    ]),
  );
  const g = new GraphBuilder("node-encoder");
  const random = new Random(0);
  const columns = config.fields.reduce((sum, field) => sum + field.columns, 0);
  const codes = g.input("codes", ["n", columns], "int64");
  const tokens: Value[] = [];
  const at = places(config);
  for (const [i, { name, from, columns: count, size }] of config.fields.entries()) {
    const table = g.parameter(`table.${name}`, [size, config.width], (n) => new Float32Array(n));
    for (let c = 0; c < count; c++) {
      const column = reshape(slice(codes, [1], [from + c], [from + c + 1]), [-1]);
      const row = gather(table, column);
      const place = (at[i] as number) + c;
      tokens[place] = tokens[place] === undefined ? row : add(tokens[place], row);
    }
  }
  const stacked = concat(
    tokens.map((token) => reshape(token, [-1, 1, config.width])),
    1,
  );
  const vectors = trunk(g, random, config, stacked);
  return {
    encoder: g.toOnnx({ vectors }, parameters, metadata),
    scorer: exportScorer(config, parameters, metadata),
  };
}

/** The scorer alone, for vectors of any origin. */
export function exportScorer(
  { relations, dim }: { readonly relations: number; readonly dim: number },
  parameters: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const g = new GraphBuilder("complex-scorer");
  const x = g.input("vectors", ["q", dim]);
  const kinds = g.input("kinds", ["q"], "int64");
  const candidates = g.input("candidates", ["n", dim]);
  const r = gather(relationTable(g, new Random(0), relations, dim), kinds);
  const against = transpose(candidates, [1, 0]);
  const tails = matmul(query(x, r, "tails"), against);
  const heads = matmul(query(x, r, "heads"), against);
  return g.toOnnx({ tails, heads }, parameters, metadata);
}
