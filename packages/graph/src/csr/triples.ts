import { FormatError } from "@dtok/core";
import { buildGraph } from "./graph.js";
import type { KnowledgeGraph } from "./graph.js";

export interface ReadTriplesOptions {
  /** "tsv" (default): head, relation, tail, tabs between. "nt": N-Triples. */
  readonly format?: "tsv" | "nt";
  /** "strict" (default) stops at the first malformed line; "lenient" leaves it out and counts it. */
  readonly mode?: "strict" | "lenient";
  /** What errors call the source. */
  readonly name?: string;
  readonly signal?: AbortSignal;
  /** Bytes taken so far. */
  readonly onProgress?: (bytes: number) => void;
}

export interface ReadGraph {
  readonly graph: KnowledgeGraph;
  readonly lines: number;
  /** Triples that stood there before, and lines that were left out (lenient). */
  readonly duplicates: number;
  readonly malformed: number;
  /** Number of the first line that was left out. */
  readonly firstMalformed?: number;
}

/** Numbers for names, in order of appearance. */
class Names {
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
class Column {
  #data = new Int32Array(1 << 16);
  length = 0;

  push(value: number): void {
    if (this.length === this.#data.length) {
      const wider = new Int32Array(this.#data.length * 2);
      wider.set(this.#data);
      this.#data = wider;
    }
    this.#data[this.length++] = value;
  }

  get values(): Int32Array {
    return this.#data.subarray(0, this.length);
  }
}

/** One N-Triples statement; a literal object keeps its quotes. */
const STATEMENT =
  /^\s*(<[^<>"{}|^`\\\s]+>|_:\S+)\s+(<[^<>"{}|^`\\\s]+>)\s+(<[^<>"{}|^`\\\s]+>|_:\S+|"(?:[^"\\]|\\.)*"(?:@[A-Za-z0-9-]+|\^\^<[^>]+>)?)\s*\.\s*(?:#.*)?$/;

/**
 * A graph from lines of triples, as they come: text is never held whole.
 *
 * @throws FormatError with the number of the line (strict), or for a source without triples
 */
export async function readTriples(
  source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  options: ReadTriplesOptions = {},
): Promise<ReadGraph> {
  const { format = "tsv", mode = "strict", name = "triples" } = options;
  const nodes = new Names();
  const relations = new Names();
  const [heads, kinds, tails] = [new Column(), new Column(), new Column()];
  let lines = 0;
  let malformed = 0;
  let firstMalformed: number | undefined;
  const refuse = (line: string, expected: string) => {
    if (mode === "lenient") {
      malformed++;
      firstMalformed ??= lines;
      return;
    }
    throw new FormatError(`${name}, line ${lines}`, {
      expected,
      got: JSON.stringify(line.slice(0, 120)),
      remedy: `Correct the line, or read with mode "lenient", which leaves such lines out.`,
    });
  };
  const take = (head: string, relation: string, tail: string) => {
    heads.push(nodes.id(head));
    kinds.push(relations.id(relation));
    tails.push(nodes.id(tail));
  };
  const one = (text: string) => {
    lines++;
    const line = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (format === "nt") {
      if (/^\s*(#.*)?$/.test(line)) return;
      const match = STATEMENT.exec(line);
      if (match) take(match[1]!, match[2]!, match[3]!);
      else refuse(line, "a statement of N-Triples: subject predicate object .");
      return;
    }
    if (line === "" || line.startsWith("#")) return;
    const a = line.indexOf("\t");
    const b = a < 0 ? -1 : line.indexOf("\t", a + 1);
    if (b < 0 || a === 0 || b === a + 1 || b === line.length - 1 || line.includes("\t", b + 1)) {
      refuse(line, "three columns: head, relation, tail");
    } else take(line.slice(0, a), line.slice(a + 1, b), line.slice(b + 1));
  };
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  let bytes = 0;
  for await (const chunk of source) {
    options.signal?.throwIfAborted();
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    bytes += chunk.length;
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      const line = text.slice(from, end);
      one(rest === "" ? line : rest + line);
      rest = "";
      from = end + 1;
    }
    rest += text.slice(from);
    if (rest.length > 1 << 24) {
      throw new FormatError(name, {
        expected: "lines of text",
        got: "a line of more than 16 million characters",
        remedy: "Check that it is a text file of triples.",
      });
    }
    options.onProgress?.(bytes);
  }
  rest += decoder.decode();
  if (rest !== "") one(rest);
  if (heads.length === 0) {
    throw new FormatError(name, {
      expected: "at least one triple",
      got: lines === 0 ? "an empty source" : `${lines} lines without any`,
      remedy: "Check the file and its format.",
    });
  }
  const graph = buildGraph({
    nodes: nodes.list,
    relations: relations.list,
    heads: heads.values,
    relationIds: kinds.values,
    tails: tails.values,
  });
  return {
    graph,
    lines,
    duplicates: heads.length - graph.edges,
    malformed,
    ...(firstMalformed !== undefined && { firstMalformed }),
  };
}
