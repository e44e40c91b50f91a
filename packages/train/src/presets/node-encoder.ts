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
  /** Codes per token, whose rows are summed. Default 1. */
  readonly each?: number;
  /** Name of an earlier field whose table this one reads too. Default: a table of its own. */
  readonly table?: string;
  /** Entry that stands for nothing: its row stays zero. */
  readonly none?: number;
  /** The table stays as drawn: random vectors tell apart, and there is nothing to learn about them. */
  readonly fixed?: boolean;
  /**
   * Name of an earlier field whose tokens these columns change, token by token: a distance changes its
   * anchor. Default: tokens of their own.
   */
  readonly onto?: string;
  /**
   * How: rows are added; or multiply, and at first fade with the code ("scale", of distances) or have
   * signs of their own ("sign", of relations). Default "add".
   */
  readonly by?: "add" | "scale" | "sign";
}

export interface NodeEncoderConfig {
  /**
   * "mlp": over tokens side by side; "transformer": over their sequence, then the mean; "sum": over the sum
   * of each field's tokens (Deep Sets, Zaheer et al., arXiv 1703.06114). The last two stand beside a linear
   * path from those sums.
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
  return kind === "sum" ? own.length : own.reduce((sum, field) => sum + tokensOf(field), 0);
}

const tokensOf = ({ columns, each = 1 }: CodeField) => columns / each;

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
    const tokens = tokensOf(field);
    if (!Number.isInteger(tokens) || changes.some(({ columns }) => columns !== tokens)) {
      throw new ArgumentError(`fields onto ${field.name}`, {
        expected: `${tokens} columns`,
        got: changes.map(({ columns }) => columns).join(", "),
        remedy: "Give each column its own change.",
      });
    }
    out.push({ field, changes, place: next });
    next += kind === "sum" ? 1 : tokens;
  }
  return out;
}

/** Weight of each token in a field's sum: its size does not grow with the number of columns. */
const share = (kind: NodeEncoderConfig["kind"], field: CodeField) =>
  kind === "sum" ? 1 / Math.sqrt(tokensOf(field)) : 1;

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

/** A relation's signs, the same for a real part and its imaginary one. */
function signsOf(relation: number, width: number): Float32Array {
  const random = new Random(relation, 23);
  const half = Float32Array.from({ length: width / 2 }, () => (random.float() < 0.5 ? -1 : 1));
  const out = new Float32Array(width);
  out.set(half);
  out.set(half, width / 2);
  return out;
}

/**
 * First rows of a table that multiplies neighbours by the relation to them, either way: its signs, which its
 * vector in the score has too (`relationTable`). From the start, then, a neighbour is likelier by the
 * relation that it has than by others.
 */
function signs(random: Random, size: number, width: number, relations: number): Float32Array {
  const out = random.fillNormal(new Float32Array(size * width), 0.1);
  for (let code = 0; code < size; code++) {
    const own = signsOf(code < 2 * relations ? code % relations : code, width);
    for (let d = 0; d < width; d++) out[code * width + d]! += own[d]!;
  }
  return out;
}

/** Numbers of the whole encoder, tables included. */
export function encoderSize(config: NodeEncoderConfig): number {
  const g = new GraphBuilder();
  trunk(g, new Random(0), config, g.input("tokens", [1, tokenCount(config), config.width]));
  const tables = config.fields.reduce(
    (sum, { size, table }) => sum + (table === undefined ? size * config.width : 0),
    0,
  );
  return [...g.parameters.values()].reduce((sum, { initial }) => sum + initial.length, tables);
}

/** What a group reads: rows by number, a number per token. */
interface Reading {
  /** [N, stride], the token c of node n at n * stride + from + c * each, and `each` - 1 more codes. */
  readonly codes: Int32Array;
  readonly stride: number;
  readonly from: number;
  readonly each: number;
  readonly rows: Float32Array;
  /** The code that stands for nothing, or -1. */
  readonly none: number;
  /** What learns, if anything does. */
  readonly table: SparseTable | undefined;
  /** [N, tokens]: 1 for tokens that `hide` has hidden. */
  readonly hidden: Uint8Array;
}

interface Change {
  readonly table: SparseTable;
  /** First column. */
  readonly from: number;
  readonly adds: boolean;
}

/** The tables of an encoder: tokens of nodes in, gradients back. */
export class CodeEmbedding {
  readonly tables: Readonly<Record<string, SparseTable>>;
  readonly #groups: readonly (Group & {
    readonly reading: Reading;
    readonly change: readonly Change[];
  })[];
  readonly #tokens: number;
  readonly #token: Float32Array;
  readonly #hidden: [flags: Uint8Array, at: number][] = [];

  constructor(
    readonly config: NodeEncoderConfig,
    /** [N, Q]. */
    readonly codes: { readonly data: Int32Array; readonly shape: readonly [number, number] },
    random: Random,
  ) {
    const { width, fields } = config;
    const tables: Record<string, SparseTable> = {};
    for (const { name, size, by, table, none, fixed } of fields) {
      if (table !== undefined) continue;
      const made = new SparseTable(size, width, (n) =>
        by === "scale"
          ? fading(random, size, width)
          : by === "sign"
            ? signs(random, size, width, config.relations)
            : random.fillNormal(new Float32Array(n), fixed ? 0.1 : 0.3),
      );
      if (none !== undefined) made.data.fill(0, none * width, (none + 1) * width);
      tables[name] = made;
    }
    this.tables = tables;
    this.#token = new Float32Array(width);
    this.#groups = groupsOf(config).map((group) => ({
      ...group,
      reading: this.#read(group),
      change: group.changes.map(({ name, from, by = "add" }) => ({
        table: tables[name]!,
        from,
        adds: by === "add",
      })),
    }));
    this.#tokens = tokenCount(config);
  }

  #read({ field, changes }: Group): Reading {
    const { width } = this.config;
    const { from, each = 1, none = -1, fixed } = field;
    const [count, stride] = this.codes.shape;
    const { data } = this.codes;
    const tokens = tokensOf(field);
    if (changes.length > 1 && changes.some(({ by = "add" }) => by !== "add")) {
      throw new ArgumentError(`fields onto ${field.name}`, {
        expected: "one that multiplies, or any that add",
        got: `${changes.length} with one that multiplies`,
        remedy: "Put them onto fields of their own.",
      });
    }
    const table = this.tables[field.table ?? field.name]!;
    const hidden = new Uint8Array(count * tokens);
    if (!fixed) {
      return { codes: data, stride, from, each, rows: table.data, none, table, hidden };
    }
    // Sums of rows that never change are made once.
    const known = new Map<string, number>();
    const codes = new Int32Array(count * tokens);
    const sums: number[] = [];
    for (let n = 0; n < count; n++) {
      for (let c = 0; c < tokens; c++) {
        const at = n * stride + from + c * each;
        if (data[at] === none) {
          codes[n * tokens + c] = -1;
          continue;
        }
        const key = data.subarray(at, at + each).join();
        let row = known.get(key);
        if (row === undefined) {
          row = known.size;
          known.set(key, row);
          sums.push(at);
        }
        codes[n * tokens + c] = row;
      }
    }
    const rows = new Float32Array(sums.length * width);
    for (const [i, at] of sums.entries()) {
      for (let m = 0; m < each; m++) {
        const row = data[at + m]! * width;
        for (let d = 0; d < width; d++) rows[i * width + d]! += table.data[row + d]!;
      }
    }
    return { codes, stride: tokens, from: 0, each: 1, rows, none: -1, table: undefined, hidden };
  }

  /** Hides a token of a node, as if its codes said none, until `show`. */
  hide(name: string, node: number, token: number): void {
    const { field, reading } = this.#groups.find((group) => group.field.name === name)!;
    const at = node * tokensOf(field) + token;
    reading.hidden[at] = 1;
    this.#hidden.push([reading.hidden, at]);
  }

  show(): void {
    for (const [flags, at] of this.#hidden) flags[at] = 0;
    this.#hidden.length = 0;
  }

  /** Tokens of nodes, [nodes, T, width], into `out`. */
  forward(nodes: Int32Array, out: Float32Array): void {
    const { width } = this.config;
    const all = this.codes.data;
    out.fill(0);
    this.#each(nodes, (reading, weight, own, change, changed, to) => {
      const { codes, rows, each } = reading;
      const { length } = change;
      if (length === 0) {
        for (let m = 0; m < each; m++) {
          const row = codes[own + m]! * width;
          for (let d = 0; d < width; d++) out[to + d]! += weight * rows[row + d]!;
        }
      } else if (length === 1 && each === 1) {
        const { table, adds } = change[0]!;
        const other = table.data;
        const row = codes[own]! * width;
        const by = all[changed + change[0]!.from]! * width;
        if (adds)
          for (let d = 0; d < width; d++)
            out[to + d]! += weight * (rows[row + d]! + other[by + d]!);
        else
          for (let d = 0; d < width; d++)
            out[to + d]! += weight * (rows[row + d]! * other[by + d]!);
      } else {
        const token = this.#sum(reading, own);
        for (const { table, adds, from } of change) {
          const by = all[changed + from]! * width;
          if (adds) for (let d = 0; d < width; d++) token[d]! += table.data[by + d]!;
          else for (let d = 0; d < width; d++) token[d]! *= table.data[by + d]!;
        }
        for (let d = 0; d < width; d++) out[to + d]! += weight * token[d]!;
      }
    });
  }

  /** Moves the rows behind the tokens of nodes against the tokens' gradients. */
  backward(nodes: Int32Array, gradient: Float32Array, rate: number): void {
    const { width } = this.config;
    const all = this.codes.data;
    this.#each(nodes, (reading, weight, own, change, changed, from) => {
      const { codes, rows, each, table } = reading;
      const learned = table ? each : 0;
      const times = change.length === 1 && !change[0]!.adds ? change[0]! : undefined;
      if (!times) {
        for (const { table: other, from: column } of change) {
          const at = other.place(all[changed + column]!);
          const to = other.waiting;
          for (let d = 0; d < width; d++) to[at + d]! += weight * gradient[from + d]!;
        }
        for (let m = 0; m < learned; m++) {
          const at = table!.place(codes[own + m]!);
          const to = table!.waiting;
          for (let d = 0; d < width; d++) to[at + d]! += weight * gradient[from + d]!;
        }
        return;
      }
      const by = all[changed + times.from]!;
      const other = times.table.data;
      const one = each === 1;
      const values = one ? rows : this.#sum(reading, own);
      const row = one ? codes[own]! * width : 0;
      const at = times.table.place(by);
      const to = times.table.waiting;
      for (let d = 0; d < width; d++) {
        to[at + d]! += weight * gradient[from + d]! * values[row + d]!;
      }
      for (let m = 0; m < learned; m++) {
        const place = table!.place(codes[own + m]!);
        const mine = table!.waiting;
        for (let d = 0, i = by * width; d < width; d++) {
          mine[place + d]! += weight * gradient[from + d]! * other[i + d]!;
        }
      }
    });
    for (const table of Object.values(this.tables)) table.apply(rate);
  }

  /** Calls `take` for every token of nodes that is not none and not hidden. */
  #each(
    nodes: Int32Array,
    take: (
      reading: Reading,
      weight: number,
      /** Where the token's codes begin among the reading's. */
      own: number,
      change: readonly Change[],
      /** To be added to a change's column: where its code stands. */
      changed: number,
      /** Where the token stands among all. */
      at: number,
    ) => void,
  ): void {
    const { width, kind } = this.config;
    const stride = this.codes.shape[1];
    for (const { field, place, reading, change } of this.#groups) {
      const { codes, none, hidden, each } = reading;
      const tokens = tokensOf(field);
      const weight = share(kind, field);
      for (let i = 0; i < nodes.length; i++) {
        const n = nodes[i]!;
        for (let c = 0; c < tokens; c++) {
          const own = n * reading.stride + reading.from + c * each;
          if (codes[own] === none || hidden[n * tokens + c] === 1) continue;
          const at = (i * this.#tokens + place + (kind === "sum" ? 0 : c)) * width;
          take(reading, weight, own, change, n * stride + c, at);
        }
      }
    }
  }

  /** The sum of a token's rows, before it is changed. */
  #sum({ codes, rows, each }: Reading, own: number): Float32Array {
    const { width } = this.config;
    const token = this.#token;
    token.fill(0);
    for (let m = 0; m < each; m++) {
      const row = codes[own + m]! * width;
      for (let d = 0; d < width; d++) token[d]! += rows[row + d]!;
    }
    return token;
  }
}

/**
 * A linear layer over `count` vectors side by side that starts as one map of their sum, the identity where
 * it can be: what one node holds of another is then, from the start, like what the other holds of itself.
 */
function straight(
  g: GraphBuilder,
  random: Random,
  x: Value,
  count: number,
  { width, dim }: NodeEncoderConfig,
): Value {
  const weight = g.parameter("enc.skip.weight", [count * width, dim], (n) => {
    const one = new Float32Array(width * dim);
    if (width === dim) for (let d = 0; d < dim; d++) one[d * dim + d] = 1;
    else random.fillNormal(one, 1 / Math.sqrt(dim));
    return Float32Array.from({ length: n }, (_, i) => one[i % one.length]!);
  });
  const bias = g.parameter("enc.skip.bias", [dim], (n) => new Float32Array(n));
  return add(matmul(x, weight), bias);
}

/** Sums of each group's tokens side by side, [n, groups * width]. */
function groupSums(tokens: Value, config: NodeEncoderConfig): Value {
  const sums = groupsOf(config).map(({ field, place }) => {
    const count = tokensOf(field);
    const own = slice(tokens, [1], [place], [place + count]);
    return mul(reduceSum(own, [1]), 1 / Math.sqrt(count));
  });
  return sums.length === 1 ? (sums[0] as Value) : concat(sums, 1);
}

/** Tokens [n, T, width] to vectors [n, dim]. */
function trunk(g: GraphBuilder, random: Random, config: NodeEncoderConfig, tokens: Value): Value {
  const { kind, width, hidden, dim, blocks = 1, heads = 4 } = config;
  const count = tokenCount(config);
  if (kind !== "transformer") {
    const flat = reshape(tokens, [-1, count * width]);
    const h = gelu(linearLayer(g, random, "enc.0", flat, hidden, 2));
    // Beside a linear path the rest starts near nothing.
    const out = linearLayer(g, random, "enc.1", h, dim, kind === "sum" ? 0.1 : 1);
    return kind === "sum" ? add(out, straight(g, random, flat, count, config)) : out;
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
  const out = linearLayer(g, random, "enc.out", layerNorm(g, "enc.norm", reduceMean(x, [1])), dim);
  return add(out, straight(g, random, groupSums(tokens, config), groupsOf(config).length, config));
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

function relationTable(
  g: GraphBuilder,
  random: Random,
  encoder: {
    readonly relations: number;
    readonly dim: number;
    readonly fields?: readonly CodeField[];
  },
): Value {
  const { relations, dim, fields = [] } = encoder;
  const bound = fields.some(({ by }) => by === "sign");
  return g.parameter("relations", [relations, dim], (n) => {
    if (!bound) return random.fillNormal(new Float32Array(n), 0.3);
    const out = random.fillNormal(new Float32Array(n), 0.1);
    for (let r = 0; r < relations; r++) {
      const own = signsOf(r, dim);
      for (let d = 0; d < dim / 2; d++) out[r * dim + d]! += 0.3 * own[d]!;
    }
    return out;
  });
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
  const r = gather(relationTable(g, random, encoder), kinds);
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
  const tables = new Map<string, Value>();
  for (const { name, size, table } of config.fields) {
    if (table !== undefined) continue;
    const zeros = (n: number) => new Float32Array(n);
    tables.set(name, g.parameter(`table.${name}`, [size, config.width], zeros));
  }
  const rowsOf = ({ name, table = name, from, columns: count, each = 1 }: CodeField) => {
    const rows = gather(tables.get(table)!, slice(codes, [1], [from], [from + count]));
    if (each === 1) return rows;
    return reduceSum(reshape(rows, [-1, count / each, each, config.width]), [2]);
  };
  const parts = groupsOf(config).map(({ field, changes }) => {
    let rows = rowsOf(field);
    for (const change of changes) {
      rows = (change.by ?? "add") === "add" ? add(rows, rowsOf(change)) : mul(rows, rowsOf(change));
    }
    return config.kind === "sum"
      ? mul(reduceSum(rows, [1], true), share(config.kind, field))
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
  const r = gather(relationTable(g, new Random(0), { relations, dim }), kinds);
  const against = transpose(candidates, [1, 0]);
  const tails = matmul(query(x, r, "tails"), against);
  const heads = matmul(query(x, r, "heads"), against);
  return g.toOnnx({ tails, heads }, parameters, metadata);
}
