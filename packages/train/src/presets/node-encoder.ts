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
  /**
   * Name of an earlier field that these columns change, column by column: a distance changes its anchor.
   * Default: tokens of their own.
   */
  readonly onto?: string;
  /** How: rows are added, or multiply. Default "add". */
  readonly by?: "add" | "scale";
}

export interface NodeEncoderConfig {
  /**
   * "mlp": over tokens side by side; "transformer": over their sequence, then the mean; "sum": over the sum
   * of each field's tokens (Deep Sets, Zaheer et al., arXiv 1703.06114), beside a linear path.
   */
  readonly kind: "mlp" | "transformer" | "sum";
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

/** Tokens of a node; of kind "sum" one per field. */
export function tokenCount({ kind, fields }: NodeEncoderConfig): number {
  const own = fields.filter(({ onto }) => onto === undefined);
  return kind === "sum" ? own.length : own.reduce((sum, { columns }) => sum + columns, 0);
}

/** A field that has tokens, what changes it, and where its tokens begin. */
interface Group {
  readonly field: CodeField;
  readonly changes: readonly CodeField[];
  readonly place: number;
}

function groupsOf({ kind, fields }: NodeEncoderConfig): Group[] {
  const out: Group[] = [];
  let next = 0;
  for (const field of fields) {
    if (field.onto !== undefined) continue;
    const changes = fields.filter(({ onto }) => onto === field.name);
    if (changes.some(({ columns }) => columns !== field.columns)) {
      throw new ArgumentError(`fields onto ${field.name}`, {
        expected: `${field.columns} columns`,
        got: changes.map(({ columns }) => columns).join(", "),
        remedy: "Give each column its own change.",
      });
    }
    out.push({ field, changes, place: next });
    next += kind === "sum" ? 1 : field.columns;
  }
  return out;
}

/** Weight of each token in a field's sum: its size does not grow with the number of columns. */
const share = (kind: NodeEncoderConfig["kind"], columns: number) =>
  kind === "sum" ? 1 / Math.sqrt(columns) : 1;

/**
 * First rows of a table that multiplies: they fade with the code, and half of the numbers change their
 * sign with it, so that the ends of an edge, whose distances differ by one, are told apart from the start.
 */
function fading(random: Random, size: number, width: number): Float32Array {
  const out = random.fillNormal(new Float32Array(size * width), 0.1);
  for (let code = 0; code < size; code++) {
    const weight = 0.8 ** code;
    for (let d = 0; d < width; d++) {
      out[code * width + d]! += d % 2 === 1 && code % 2 === 1 ? -weight : weight;
    }
  }
  return out;
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
  readonly #groups: readonly Group[];
  readonly #tokens: number;

  constructor(
    readonly config: NodeEncoderConfig,
    /** [N, Q]. */
    readonly codes: { readonly data: Int32Array; readonly shape: readonly [number, number] },
    random: Random,
  ) {
    const { width, fields } = config;
    this.tables = Object.fromEntries(
      fields.map(({ name, size, by }) => [
        name,
        new SparseTable(size, width, (n) =>
          by === "scale"
            ? fading(random, size, width)
            : random.fillNormal(new Float32Array(n), 0.3),
        ),
      ]),
    );
    this.#groups = groupsOf(config);
    this.#tokens = tokenCount(config);
  }

  /** Tokens of nodes, [nodes, T, width], into `out`. */
  forward(nodes: Int32Array, out: Float32Array): void {
    const { width, kind } = this.config;
    const stride = this.codes.shape[1];
    const codes = this.codes.data;
    const token = new Float32Array(width);
    out.fill(0);
    for (const { field, changes, place } of this.#groups) {
      const rows = this.tables[field.name]!.data;
      const weight = share(kind, field.columns);
      for (let i = 0; i < nodes.length; i++) {
        const at = nodes[i]! * stride;
        for (let c = 0; c < field.columns; c++) {
          const row = codes[at + field.from + c]! * width;
          for (let d = 0; d < width; d++) token[d] = rows[row + d]!;
          for (const { name, from, by } of changes) {
            const other = this.tables[name]!.data;
            const from0 = codes[at + from + c]! * width;
            if (by === "scale") for (let d = 0; d < width; d++) token[d]! *= other[from0 + d]!;
            else for (let d = 0; d < width; d++) token[d]! += other[from0 + d]!;
          }
          const to = (i * this.#tokens + place + (kind === "sum" ? 0 : c)) * width;
          for (let d = 0; d < width; d++) out[to + d]! += weight * token[d]!;
        }
      }
    }
  }

  /** Moves the rows behind the tokens of nodes against the tokens' gradients. */
  backward(nodes: Int32Array, gradient: Float32Array, rate: number): void {
    const { width, kind } = this.config;
    const stride = this.codes.shape[1];
    const codes = this.codes.data;
    const part = new Float32Array(width);
    const toChange = new Float32Array(width);
    for (const { field, changes, place } of this.#groups) {
      const table = this.tables[field.name]!;
      const weight = share(kind, field.columns);
      if (changes.length > 1 && changes.some(({ by }) => by === "scale")) {
        throw new ArgumentError(`fields onto ${field.name}`, {
          expected: "one that multiplies, or any that add",
          got: `${changes.length} with one that multiplies`,
          remedy: "Put them onto fields of their own.",
        });
      }
      for (let i = 0; i < nodes.length; i++) {
        const at = nodes[i]! * stride;
        for (let c = 0; c < field.columns; c++) {
          const from = (i * this.#tokens + place + (kind === "sum" ? 0 : c)) * width;
          const code = codes[at + field.from + c]!;
          for (let d = 0; d < width; d++) part[d] = weight * gradient[from + d]!;
          for (const { name, from: column, by } of changes) {
            const changing = this.tables[name]!;
            const row = codes[at + column + c]!;
            if (by === "scale") {
              for (let d = 0; d < width; d++) {
                toChange[d] = part[d]! * table.data[code * width + d]!;
                part[d]! *= changing.data[row * width + d]!;
              }
              changing.add(row, toChange, 0);
            } else changing.add(row, part, 0);
          }
          table.add(code, part, 0);
        }
      }
    }
    for (const table of Object.values(this.tables)) table.apply(rate);
  }
}

/** Tokens [n, T, width] to vectors [n, dim]. */
function trunk(g: GraphBuilder, random: Random, config: NodeEncoderConfig, tokens: Value): Value {
  const { kind, width, hidden, dim, blocks = 1, heads = 4 } = config;
  const count = tokenCount(config);
  if (kind !== "transformer") {
    const flat = reshape(tokens, [-1, count * width]);
    const h = gelu(linearLayer(g, random, "enc.0", flat, hidden, 2));
    const out = linearLayer(g, random, "enc.1", h, dim, 1);
    return kind === "sum" ? add(out, linearLayer(g, random, "enc.skip", flat, dim, 1)) : out;
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

/**
 * Node classification: "rows" [batch, T, width] and "classes" int64 [batch] to cross-entropy over `classes`
 * classes, read linearly from the vectors. Output "rows": the gradient.
 */
export function nodeClassTraining(
  g: GraphBuilder,
  config: NodeEncoderConfig,
  options: { readonly batch: number; readonly classes: number; readonly seed: number },
) {
  const random = new Random(options.seed, 1);
  const rows = g.input("rows", [options.batch, tokenCount(config), config.width]);
  const wanted = g.input("classes", [options.batch], "int64");
  const scores = classScores(g, random, trunk(g, random, config, rows), options.classes);
  const loss = reduceMean(crossEntropy(scores, wanted));
  const [gradient] = gradients(loss, [rows]);
  return { loss, metrics: {}, outputs: { rows: gradient as Value } };
}

function classScores(g: GraphBuilder, random: Random, vectors: Value, classes: number): Value {
  return linearLayer(g, random, "class", gelu(vectors), classes);
}

/** "codes" int64 [n, Q] to "scores" [n, classes]. */
export function exportNodeClassifier(
  config: NodeEncoderConfig,
  trained: Readonly<Record<string, Tensor<Float32Array>>>,
  classes: number,
): Uint8Array {
  const g = new GraphBuilder("node-classifier");
  const random = new Random(0);
  const vectors = trunk(g, random, config, embedded(g, config));
  return g.toOnnx({ scores: classScores(g, random, vectors, classes) }, trained);
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
  const vectors = trunk(g, random, config, embedded(g, config));
  return {
    encoder: g.toOnnx({ vectors }, parameters, metadata),
    scorer: exportScorer(config, parameters, metadata),
  };
}

/** Input "codes" int64 [n, Q] to tokens [n, T, width], by "table.<field>". */
function embedded(g: GraphBuilder, config: NodeEncoderConfig): Value {
  const columns = config.fields.reduce((sum, field) => sum + field.columns, 0);
  const codes = g.input("codes", ["n", columns], "int64");
  const rowsOf = ({ name, from, columns: count, size }: CodeField) =>
    gather(
      g.parameter(`table.${name}`, [size, config.width], (n) => new Float32Array(n)),
      slice(codes, [1], [from], [from + count]),
    );
  const parts = groupsOf(config).map(({ field, changes }) => {
    let rows = rowsOf(field);
    for (const change of changes) {
      rows = change.by === "scale" ? mul(rows, rowsOf(change)) : add(rows, rowsOf(change));
    }
    return config.kind === "sum"
      ? mul(reduceSum(rows, [1], true), share(config.kind, field.columns))
      : rows;
  });
  return parts.length === 1 ? (parts[0] as Value) : concat(parts, 1);
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
