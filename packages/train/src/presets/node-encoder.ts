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
import { add, cast, div, equal, gelu, mul, sqrt, square, sub } from "../graph/elementwise.js";
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
   * Codes per token, whose rows of width / each numbers stand side by side, as the words of a product
   * quantizer do. Default 1.
   */
  readonly each?: number;
  /** Name of an earlier field whose table this one reads too. Default: a table of its own. */
  readonly table?: string;
  /** Entry that stands for nothing: its row stays zero. */
  readonly none?: number;
  /** The table stays as drawn: random vectors tell apart, and there is nothing to learn about them. */
  readonly fixed?: boolean;
  /** Of kind "sum": no part of what the MLP reads, which would only mix what is to be told again. */
  readonly direct?: boolean;
  /**
   * Name of an earlier field whose tokens these columns change, token by token: a distance changes its
   * anchor. Default: tokens of their own.
   */
  readonly onto?: string;
  /**
   * How: rows are added; multiply number by number, and at first fade with the code ("scale", of distances);
   * or multiply as complex numbers, real parts before imaginary ones, and at first have random phases
   * ("turn", of relations). Default "add".
   */
  readonly by?: "add" | "scale" | "turn";
}

export interface NodeEncoderConfig {
  /**
   * "mlp": over tokens side by side; "transformer": over their sequence, then the mean, beside a linear path
   * from the sum of each field's tokens; "sum": over those sums (Deep Sets, Zaheer et al., arXiv 1703.06114),
   * beside the sums themselves, number by number, for which `width` and `dim` must be equal.
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

/**
 * Weight of each token in a field's sum, of `count` that are not none: a node with many neighbours must not
 * outrank the right one by its length.
 */
const share = (kind: NodeEncoderConfig["kind"], count: number) =>
  kind === "sum" && count > 0 ? 1 / Math.sqrt(count) : 1;

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

/**
 * First rows of a table that turns: phases of one length, so that what two relations lead to is alike by
 * chance alone, and a relation's vector in the score undoes the turn of which it is the conjugate.
 */
function phases(random: Random, size: number, width: number): Float32Array {
  const out = new Float32Array(size * width);
  const half = width / 2;
  for (let code = 0; code < size; code++) {
    for (let d = 0; d < half; d++) {
      const phase = 2 * Math.PI * random.float();
      out[code * width + d] = Math.cos(phase);
      out[code * width + half + d] = Math.sin(phase);
    }
  }
  return out;
}

/** Numbers of a row of a field's own table. */
const rowWidth = (config: NodeEncoderConfig, { each = 1 }: CodeField) => config.width / each;

/** Numbers of the whole encoder, tables included. */
export function encoderSize(config: NodeEncoderConfig): number {
  const g = new GraphBuilder();
  trunk(g, new Random(0), config, g.input("tokens", [1, tokenCount(config), config.width]));
  const tables = config.fields.reduce(
    (sum, field) => sum + (field.table === undefined ? field.size * rowWidth(config, field) : 0),
    0,
  );
  return [...g.parameters.values()].reduce((sum, { initial }) => sum + initial.length, tables);
}

/** Codes of all nodes, [N, Q]. */
export interface NodeCodes {
  readonly data: Int32Array;
  readonly shape: readonly [number, number];
}

/** Tokens of a table that stays as drawn, each put together once. */
class FixedTokens {
  rows = new Float32Array(0);
  /** Per token its codes, one after another. */
  readonly #codes: number[] = [];
  /** Rows by their codes' hash. */
  readonly #known = new Map<number, number[]>();

  constructor(
    readonly table: SparseTable,
    readonly each: number,
  ) {}

  /** The row of the token whose codes stand from `at` on. */
  row(codes: Int32Array, at: number): number {
    const { each } = this;
    let hash = 0;
    for (let m = 0; m < each; m++) hash = (Math.imul(hash, 0x9e3779b1) + codes[at + m]!) | 0;
    const list = this.#known.get(hash);
    const same = list?.find((row) => {
      for (let m = 0; m < each; m++) {
        if (this.#codes[row * each + m] !== codes[at + m]) return false;
      }
      return true;
    });
    if (same !== undefined) return same;
    const row = this.#codes.length / each;
    if (list) list.push(row);
    else this.#known.set(hash, [row]);
    for (let m = 0; m < each; m++) this.#codes.push(codes[at + m]!);
    this.#put(row);
    return row;
  }

  #put(row: number): void {
    const { each, table } = this;
    const width = table.width * each;
    if ((row + 1) * width > this.rows.length) {
      const wider = new Float32Array(Math.max(64, 2 * row) * width);
      wider.set(this.rows);
      this.rows = wider;
    }
    for (let m = 0; m < each; m++) {
      const from = this.#codes[row * each + m]! * table.width;
      this.rows.set(table.data.subarray(from, from + table.width), row * width + m * table.width);
    }
  }
}

/** A field's tokens and what changes them. */
interface Reading {
  readonly field: CodeField;
  /** Where its tokens begin among a node's. */
  readonly place: number;
  readonly tokens: number;
  readonly each: number;
  readonly table: SparseTable;
  /** Of a table that stays as drawn. */
  readonly fixed: FixedTokens | undefined;
  readonly changes: readonly {
    readonly table: SparseTable;
    readonly from: number;
    readonly by: "add" | "scale" | "turn";
  }[];
}

/** What a view shows of a field: [N, tokens] rows of `fixed`, -1 for none. */
type FixedRows = Int32Array | undefined;

/**
 * The tables of an encoder: tokens of nodes in, gradients back. Nodes may look different from one view to
 * the next, in codes of the same shape: training must not read from a node's codes the edges that it asks
 * for.
 */
export class CodeEmbedding {
  readonly tables: Readonly<Record<string, SparseTable>>;
  readonly #readings: readonly Reading[];
  readonly #tokens: number;
  readonly #views: { readonly codes: NodeCodes; readonly fixed: readonly FixedRows[] }[] = [];
  /** A token before it is changed, what changes it, and its gradient. */
  readonly #token: Float32Array;
  readonly #change: Float32Array;

  constructor(
    readonly config: NodeEncoderConfig,
    codes: NodeCodes,
    random: Random,
  ) {
    const { width, fields } = config;
    const tables: Record<string, SparseTable> = {};
    for (const field of fields) {
      const { name, size, by, table, none } = field;
      if (table !== undefined) continue;
      const numbers = rowWidth(config, field);
      if (!Number.isInteger(numbers) || (by === "turn" && numbers % 2 !== 0)) {
        throw new ArgumentError(`field ${name}`, {
          expected: `a width that ${by === "turn" ? "is even" : `${field.each} codes divide`}`,
          got: String(width),
          remedy: "Choose another width.",
        });
      }
      const made = new SparseTable(size, numbers, (n) =>
        by === "scale"
          ? fading(random, size, width)
          : by === "turn"
            ? phases(random, size, width)
            : random.fillNormal(new Float32Array(n), 0.3),
      );
      if (none !== undefined) made.data.fill(0, none * numbers, (none + 1) * numbers);
      tables[name] = made;
    }
    this.tables = tables;
    this.#token = new Float32Array(width);
    this.#change = new Float32Array(width);
    const known = new Map<SparseTable, FixedTokens>();
    this.#readings = groupsOf(config).map(({ field, changes, place }) => {
      if (changes.length > 1 && changes.some(({ by = "add" }) => by !== "add")) {
        throw new ArgumentError(`fields onto ${field.name}`, {
          expected: "one that multiplies, or any that add",
          got: `${changes.length} with one that multiplies`,
          remedy: "Put them onto fields of their own.",
        });
      }
      const table = tables[field.table ?? field.name]!;
      const { each = 1 } = field;
      let fixed: FixedTokens | undefined;
      if (field.fixed) {
        fixed = known.get(table) ?? new FixedTokens(table, each);
        known.set(table, fixed);
      }
      return {
        field,
        place,
        tokens: tokensOf(field),
        each,
        table,
        fixed,
        changes: changes.map(({ name, from, by = "add" }) => ({ table: tables[name]!, from, by })),
      };
    });
    this.#tokens = tokenCount(config);
    this.addView(codes);
  }

  /** Another look of all nodes; its number, the first being 0. */
  addView(codes: NodeCodes): number {
    const columns = this.config.fields.reduce((sum, field) => sum + field.columns, 0);
    const [count, width] = codes.shape;
    const [first = count] = this.#views.map((view) => view.codes.shape[0]);
    if (width !== columns || count !== first || codes.data.length !== count * width) {
      throw new ArgumentError("codes", {
        expected: `[${first}, ${columns}]`,
        got: `[${codes.shape.join(", ")}]`,
        remedy: "Give every node the columns that the fields name.",
      });
    }
    const fixed = this.#readings.map((reading) => this.#fixedRows(reading, codes));
    return this.#views.push({ codes, fixed }) - 1;
  }

  #fixedRows({ field, tokens, each, fixed }: Reading, { data, shape }: NodeCodes): FixedRows {
    if (!fixed) return undefined;
    const [count, stride] = shape;
    const rows = new Int32Array(count * tokens);
    for (let n = 0; n < count; n++) {
      for (let c = 0; c < tokens; c++) {
        const at = n * stride + field.from + c * each;
        rows[n * tokens + c] = data[at] === field.none ? -1 : fixed.row(data, at);
      }
    }
    return rows;
  }

  /** Tokens of nodes, [nodes, T, width], into `out`. */
  forward(nodes: Int32Array, out: Float32Array, view = 0): void {
    const { width } = this.config;
    const half = width / 2;
    out.fill(0);
    this.#each(nodes, view, (reading, weight, values, row, changed, codes, to) => {
      const [change] = reading.changes;
      if (change === undefined) {
        for (let d = 0; d < width; d++) out[to + d]! += weight * values[row + d]!;
        return;
      }
      const other = change.table.data;
      const by = codes[changed + change.from]! * width;
      if (change.by === "scale") {
        for (let d = 0; d < width; d++)
          out[to + d]! += weight * (values[row + d]! * other[by + d]!);
      } else if (change.by === "turn") {
        for (let d = 0; d < half; d++) {
          const a = values[row + d]!;
          const b = values[row + half + d]!;
          const c = other[by + d]!;
          const e = other[by + half + d]!;
          out[to + d]! += weight * (a * c - b * e);
          out[to + half + d]! += weight * (a * e + b * c);
        }
      } else {
        for (let d = 0; d < width; d++) out[to + d]! += weight * values[row + d]!;
        for (const { table, from } of reading.changes) {
          const at = codes[changed + from]! * width;
          for (let d = 0; d < width; d++) out[to + d]! += weight * table.data[at + d]!;
        }
      }
    });
  }

  /** Moves the rows behind the tokens of nodes against the tokens' gradients. */
  backward(nodes: Int32Array, gradient: Float32Array, rate: number, view = 0): void {
    const { width } = this.config;
    const half = width / 2;
    const mine = this.#change;
    this.#each(nodes, view, (reading, weight, values, row, changed, codes, from, own) => {
      const [change] = reading.changes;
      const learns = reading.fixed === undefined;
      if (change === undefined || change.by === "add") {
        for (const { table, from: column } of reading.changes) {
          const at = table.place(codes[changed + column]!);
          const to = table.waiting;
          for (let d = 0; d < width; d++) to[at + d]! += weight * gradient[from + d]!;
        }
        if (learns) for (let d = 0; d < width; d++) mine[d] = weight * gradient[from + d]!;
      } else {
        const by = codes[changed + change.from]! * width;
        const other = change.table.data;
        const at = change.table.place(codes[changed + change.from]!);
        const to = change.table.waiting;
        if (change.by === "scale") {
          for (let d = 0; d < width; d++) {
            const g = weight * gradient[from + d]!;
            to[at + d]! += g * values[row + d]!;
            mine[d] = g * other[by + d]!;
          }
        } else {
          for (let d = 0; d < half; d++) {
            const x = weight * gradient[from + d]!;
            const y = weight * gradient[from + half + d]!;
            const a = values[row + d]!;
            const b = values[row + half + d]!;
            to[at + d]! += x * a + y * b;
            to[at + half + d]! += y * a - x * b;
            if (!learns) continue;
            const c = other[by + d]!;
            const e = other[by + half + d]!;
            mine[d] = x * c + y * e;
            mine[half + d] = y * c - x * e;
          }
        }
      }
      if (!learns) return;
      const { table, each } = reading;
      const part = table.width;
      for (let m = 0; m < each; m++) {
        const at = table.place(codes[own + m]!);
        const to = table.waiting;
        for (let d = 0; d < part; d++) to[at + d]! += mine[m * part + d]!;
      }
    });
    for (const table of Object.values(this.tables)) table.apply(rate);
  }

  /** Calls `take` for every token of nodes that is not none. */
  #each(
    nodes: Int32Array,
    view: number,
    take: (
      reading: Reading,
      weight: number,
      /** The token before it is changed: `width` numbers from `row` on. */
      values: Float32Array,
      row: number,
      /** To be added to a change's column: where its code stands. */
      changed: number,
      codes: Int32Array,
      /** Where the token stands among all. */
      at: number,
      /** Where its own codes stand. */
      own: number,
    ) => void,
  ): void {
    const { width, kind } = this.config;
    const { codes, fixed: rows } = this.#views[view]!;
    const stride = codes.shape[1];
    for (const [r, reading] of this.#readings.entries()) {
      const { field, place, tokens, each, fixed, table } = reading;
      const own = rows[r];
      const shown = (n: number, c: number) =>
        own
          ? own[n * tokens + c]! >= 0
          : codes.data[n * stride + field.from + c * each] !== field.none;
      for (let i = 0; i < nodes.length; i++) {
        const n = nodes[i]!;
        let count = 0;
        for (let c = 0; c < tokens; c++) if (shown(n, c)) count++;
        const weight = share(kind, count);
        for (let c = 0; c < tokens; c++) {
          if (!shown(n, c)) continue;
          const at = n * stride + field.from + c * each;
          const to = (i * this.#tokens + place + (kind === "sum" ? 0 : c)) * width;
          if (own)
            take(
              reading,
              weight,
              fixed!.rows,
              own[n * tokens + c]! * width,
              n * stride + c,
              codes.data,
              to,
              at,
            );
          else if (each === 1)
            take(
              reading,
              weight,
              table.data,
              codes.data[at]! * width,
              n * stride + c,
              codes.data,
              to,
              at,
            );
          else
            take(
              reading,
              weight,
              this.#beside(table, codes.data, at, each),
              0,
              n * stride + c,
              codes.data,
              to,
              at,
            );
        }
      }
    }
  }

  /** Rows side by side. */
  #beside({ data, width }: SparseTable, codes: Int32Array, at: number, each: number): Float32Array {
    for (let m = 0; m < each; m++) {
      const row = codes[at + m]! * width;
      this.#token.set(data.subarray(row, row + width), m * width);
    }
    return this.#token;
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

/** Sums [n, groups, width], each number scaled and added up, and an MLP of those that it reads. */
function besideSums(
  g: GraphBuilder,
  random: Random,
  config: NodeEncoderConfig,
  sums: Value,
): Value {
  const { width, hidden, dim } = config;
  if (width !== dim) {
    throw new ArgumentError("width", {
      expected: `the vector's numbers, ${dim}`,
      got: String(width),
      remedy: "Let both be equal where sums go to the vector as they are.",
    });
  }
  const groups = groupsOf(config);
  const scale = g.parameter("enc.scale", [groups.length, width], (n) =>
    new Float32Array(n).fill(1),
  );
  const straight = reduceSum(mul(sums, scale), [1]);
  const read = groups.filter(({ field }) => !field.direct);
  if (read.length === 0) return straight;
  const parts = read.map(({ place }) => slice(sums, [1], [place], [place + 1]));
  const flat = reshape(parts.length === 1 ? (parts[0] as Value) : concat(parts, 1), [
    -1,
    read.length * width,
  ]);
  const h = gelu(linearLayer(g, random, "enc.0", flat, hidden, 2));
  // Beside the sums the rest starts near nothing.
  return add(straight, linearLayer(g, random, "enc.1", h, dim, 0.1));
}

/** Tokens [n, T, width] to vectors [n, dim]. */
function trunk(g: GraphBuilder, random: Random, config: NodeEncoderConfig, tokens: Value): Value {
  const { kind, width, hidden, dim, blocks = 1, heads = 4 } = config;
  const count = tokenCount(config);
  if (kind === "sum") return besideSums(g, random, config, tokens);
  if (kind === "mlp") {
    const flat = reshape(tokens, [-1, count * width]);
    const h = gelu(linearLayer(g, random, "enc.0", flat, hidden, 2));
    return linearLayer(g, random, "enc.1", h, dim);
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
  { relations, dim }: { readonly relations: number; readonly dim: number },
): Value {
  return g.parameter("relations", [relations, dim], (n) =>
    random.fillNormal(new Float32Array(n), 0.3),
  );
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

/** The product of complex numbers, real parts before imaginary ones. */
function turned(x: Value, by: Value): Value {
  const [[a, b], [c, e]] = [halves(x), halves(by)];
  return concat([sub(mul(a, c), mul(b, e)), add(mul(a, e), mul(b, c))], x.rank - 1);
}

/** Input "codes" int64 [n, Q] to tokens [n, T, width], by "table.<field>". */
function embedded(g: GraphBuilder, config: NodeEncoderConfig): Value {
  const columns = config.fields.reduce((sum, field) => sum + field.columns, 0);
  const codes = g.input("codes", ["n", columns], "int64");
  const tables = new Map<string, Value>();
  for (const field of config.fields) {
    if (field.table !== undefined) continue;
    const shape = [field.size, rowWidth(config, field)];
    const zeros = (n: number) => new Float32Array(n);
    tables.set(field.name, g.parameter(`table.${field.name}`, shape, zeros));
  }
  const rowsOf = ({ name, table = name, from, columns: count, each = 1 }: CodeField) => {
    const rows = gather(tables.get(table)!, slice(codes, [1], [from], [from + count]));
    return each === 1 ? rows : reshape(rows, [-1, count / each, config.width]);
  };
  const parts = groupsOf(config).map(({ field, changes }) => {
    let rows = rowsOf(field);
    for (const change of changes) {
      const { by = "add" } = change;
      const other = rowsOf(change);
      rows =
        by === "add" ? add(rows, other) : by === "scale" ? mul(rows, other) : turned(rows, other);
    }
    if (config.kind !== "sum") return rows;
    const total = reduceSum(rows, [1], true);
    const tokens = tokensOf(field);
    if (field.none === undefined) return mul(total, share("sum", tokens));
    // As many as are not none; of none the sum is zero by any number.
    const firsts = slice(codes, [1], [field.from], [field.from + field.columns]);
    const none = cast(equal(firsts, g.int64s([field.none])), "float32");
    const missing = mul(reduceSum(none, [1], true), 1 / (field.each ?? 1));
    const shown = add(mul(missing, -1), tokens + 1e-6);
    return div(total, sqrt(reshape(shown, [-1, 1, 1])));
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
