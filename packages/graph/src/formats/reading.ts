import { FormatError } from "@dtok/core";
import { buildGraph } from "../csr/graph.js";
import type { KnowledgeGraph } from "../csr/graph.js";

/** Bytes or text of a file, as they come: `createReadStream(path)`, `response.body`, `[text]`. */
export type GraphSource =
  AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> | ReadableStream<Uint8Array>;

export interface ReadOptions {
  /** "strict" (default) stops at the first malformed line; "lenient" leaves it out and counts it. */
  readonly mode?: "strict" | "lenient";
  /** What errors call the source. */
  readonly name?: string;
  readonly signal?: AbortSignal;
  /** Bytes taken so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** Formats whose edges have attributes. */
export interface AttributeOptions extends ReadOptions {
  /**
   * Attributes of an edge that may name its relation; the first that it has does. Default relation,
   * kind, label, type.
   */
  readonly relation?: readonly string[];
  /** Relation of edges without any of these. Default "edge". */
  readonly unnamed?: string;
  /** Whether nodes are called by their id (default) or by their label, which then must be their own. */
  readonly nodeNames?: "id" | "label";
}

export interface ReadGraph {
  readonly graph: KnowledgeGraph;
  /** Lines (of Parquet: rows). */
  readonly lines: number;
  /** Triples that stood there before, and lines or elements that were left out (lenient). */
  readonly duplicates: number;
  readonly malformed: number;
  /** Number of the first line that was left out. */
  readonly firstMalformed?: number;
}

export const RELATION_ATTRIBUTES = ["relation", "kind", "label", "type"] as const;

/** A line of more is no text file of a graph. */
export const MAX_LINE = 1 << 24;

/** Numbers for names, in order of appearance. */
export class Names {
  readonly list: string[] = [];
  readonly #ids = new Map<string, number>();

  id(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.list.length;
      this.#ids.set(name, id);
      this.list.push(name);
    }
    return id;
  }
}

/** Integers that grow. */
export class Column {
  #data = new Int32Array(1 << 12);
  length = 0;

  push(value: number): void {
    if (this.length === this.#data.length) {
      const wider = new Int32Array(this.#data.length * 2);
      wider.set(this.#data);
      this.#data = wider;
    }
    this.#data[this.length++] = value;
  }

  /** What is there, and room behind it; another array after a `push`. */
  get raw(): Int32Array {
    return this.#data;
  }

  get values(): Int32Array {
    return this.#data.subarray(0, this.length);
  }
}

/** What all readers share: edges by number, lines that were refused, and the graph in the end. */
export class EdgeCollector {
  readonly heads = new Column();
  readonly kinds = new Column();
  readonly tails = new Column();
  /** Number of the line at hand, from 1. */
  line = 0;
  #malformed = 0;
  #first: number | undefined;

  constructor(
    readonly options: ReadOptions,
    /** What the source is called without a name, and a line of it. */
    readonly what: string,
    readonly unit = "line",
  ) {}

  get name(): string {
    return this.options.name ?? this.what;
  }

  add(head: number, kind: number, tail: number): void {
    this.heads.push(head);
    this.kinds.push(kind);
    this.tails.push(tail);
  }

  /** Stops, or leaves out and counts. */
  refuse(got: string, expected: string, line = this.line): void {
    if (this.options.mode === "lenient") {
      this.#malformed++;
      this.#first = Math.min(this.#first ?? Infinity, line);
      return;
    }
    throw new FormatError(`${this.name}, ${this.unit} ${line}`, {
      expected,
      got: got.length > 120 ? `${got.slice(0, 120)}…` : got,
      remedy: `Correct the ${this.unit}, or read with mode "lenient", which leaves such ${this.unit}s out.`,
    });
  }

  /** What was left out so far. */
  get refused(): { readonly malformed: number; readonly firstMalformed?: number } {
    return {
      malformed: this.#malformed,
      ...(this.#first !== undefined && { firstMalformed: this.#first }),
    };
  }

  /** @throws FormatError for a source without edges */
  finish(nodes: readonly string[], relations: readonly string[]): ReadGraph {
    if (this.heads.length === 0) {
      throw new FormatError(this.name, {
        expected: "at least one edge",
        got: this.line === 0 ? "an empty source" : `${this.line} ${this.unit}s without any`,
        remedy: "Check the file and its format.",
      });
    }
    const graph = buildGraph({
      nodes,
      relations,
      heads: this.heads.values,
      relationIds: this.kinds.values,
      tails: this.tails.values,
    });
    return {
      graph,
      lines: this.line,
      duplicates: this.heads.length - graph.edges,
      ...this.refused,
    };
  }
}

/** Chunks of a source, with progress and an end on abort. */
export async function* chunksOf(
  source: GraphSource,
  { signal, onProgress }: ReadOptions,
): AsyncGenerator<Uint8Array | string, void, undefined> {
  let bytes = 0;
  for await (const chunk of iterate(source)) {
    signal?.throwIfAborted();
    yield chunk;
    bytes += chunk.length;
    onProgress?.(bytes);
  }
  signal?.throwIfAborted();
}

/** Streams of the web are iterable in Node.js and Firefox, not in every browser. */
async function* iterate(source: GraphSource): AsyncGenerator<Uint8Array | string> {
  if (!("getReader" in source) || Symbol.asyncIterator in source) {
    yield* source as AsyncIterable<Uint8Array | string>;
    return;
  }
  const reader = (source as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

/** Text of a source in pieces; a character is never cut. */
export async function* textOf(source: GraphSource, options: ReadOptions) {
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(source, options)) {
    yield typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  }
  yield decoder.decode();
}

/** Calls `take` with every line, without its end; `collector.line` is its number. */
export async function eachLine(
  source: GraphSource,
  collector: EdgeCollector,
  take: (line: string) => void,
): Promise<void> {
  const one = (line: string) => {
    collector.line++;
    take(line.endsWith("\r") ? line.slice(0, -1) : line);
  };
  let rest = "";
  for await (const text of textOf(source, collector.options)) {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      const line = text.slice(from, end);
      one(rest === "" ? line : rest + line);
      rest = "";
      from = end + 1;
    }
    rest += text.slice(from);
    checkLine(rest.length, collector.name);
  }
  if (rest !== "") one(rest);
}

export function checkLine(length: number, name: string): void {
  if (length <= MAX_LINE) return;
  throw new FormatError(name, {
    expected: "lines of text",
    got: "a line of more than 16 million characters",
    remedy: "Check that it is a text file, and of that format.",
  });
}

/**
 * Graphs of nodes with ids and edges between them, from formats with elements: GraphML, GEXF, GML. Edges
 * may stand before their nodes, and the way of undirected ones may be known only at the end.
 */
export class ElementCollector {
  readonly edges: EdgeCollector;
  readonly #nodes = new Names();
  readonly #relations = new Names();
  readonly #declared = new Column();
  readonly #labels = new Map<number, string>();
  readonly #lines = new Column();
  readonly #undirected = new Column();
  readonly #attributes: readonly string[];
  readonly #unnamed: string;
  readonly #byLabel: boolean;

  constructor(options: AttributeOptions, what: string) {
    this.edges = new EdgeCollector(options, what);
    this.#attributes = options.relation ?? RELATION_ATTRIBUTES;
    this.#unnamed = options.unnamed ?? "edge";
    this.#byLabel = options.nodeNames === "label";
  }

  node(id: string | undefined, label: string | undefined): void {
    if (id === undefined) {
      this.edges.refuse("a node without an id", "an id for every node");
      return;
    }
    const n = this.#nodes.id(id);
    while (this.#declared.length <= n) this.#declared.push(0);
    if (this.#declared.raw[n] === 1) {
      this.edges.refuse(`node ${JSON.stringify(id)} a second time`, "every node once");
      return;
    }
    this.#declared.raw[n] = 1;
    if (this.#byLabel && label !== undefined) this.#labels.set(n, label);
  }

  edge(
    source: string | undefined,
    target: string | undefined,
    undirected: boolean,
    attribute: (name: string) => string | undefined,
  ): void {
    if (source === undefined || target === undefined) {
      this.edges.refuse("an edge without a source or a target", "both ends of every edge");
      return;
    }
    let relation: string | undefined;
    for (const name of this.#attributes) {
      relation = attribute(name);
      if (relation !== undefined && relation !== "") break;
    }
    this.edges.add(
      this.#nodes.id(source),
      this.#relations.id(relation || this.#unnamed),
      this.#nodes.id(target),
    );
    this.#lines.push(this.edges.line);
    this.#undirected.push(undirected ? 1 : 0);
  }

  /** @param undirected what all edges are, where the format says so for the whole graph */
  finish(undirected?: boolean): ReadGraph {
    // Names that only edges have, which are then left out, are not nodes of the graph.
    const place = new Int32Array(this.#nodes.list.length).fill(-1);
    const names: string[] = [];
    const declared = this.#declared.values;
    for (const [n, id] of this.#nodes.list.entries()) {
      if (declared[n] === 1) place[n] = names.push(this.#nameOf(id, n)) - 1;
    }
    if (this.#byLabel && new Set(names).size !== names.length) {
      throw new FormatError(this.edges.name, {
        expected: "a label of its own for every node",
        got: "two nodes with one label",
        remedy: `Read with nodeNames "id".`,
      });
    }
    const out = new EdgeCollector(this.edges.options, this.edges.what);
    const [heads, kinds, tails] = [this.edges.heads, this.edges.kinds, this.edges.tails].map(
      ({ values }) => values,
    ) as [Int32Array, Int32Array, Int32Array];
    const lines = this.#lines.values;
    const bothWays = this.#undirected.values;
    for (let e = 0; e < heads.length; e++) {
      const [h, t] = [heads[e]!, tails[e]!];
      if (place[h] === -1 || place[t] === -1) {
        const lost = this.#nodes.list[place[h] === -1 ? h : t]!;
        const got = `an edge of ${JSON.stringify(lost)}`;
        this.edges.refuse(got, "edges between nodes that are there", lines[e]!);
        continue;
      }
      out.add(place[h]!, kinds[e]!, place[t]!);
      if ((undirected ?? bothWays[e] === 1) && h !== t) out.add(place[t]!, kinds[e]!, place[h]!);
    }
    out.line = this.edges.line;
    return { ...out.finish(names, this.#relations.list), ...this.edges.refused };
  }

  #nameOf(id: string, n: number): string {
    return this.#byLabel ? (this.#labels.get(n) ?? id) : id;
  }
}
