import { checkLine, chunksOf, eachLine, EdgeCollector, Names } from "./reading.js";
import type { GraphSource, ReadGraph, ReadOptions } from "./reading.js";

export interface ReadTriplesOptions extends ReadOptions {
  /** "tsv" (default): head, relation, tail, tabs between. "nt": N-Triples. */
  readonly format?: "tsv" | "nt";
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
  source: GraphSource,
  options: ReadTriplesOptions = {},
): Promise<ReadGraph> {
  const collector = new EdgeCollector(options, "triples");
  if (options.format !== "nt") return readTabs(source, collector);
  const nodes = new Names();
  const relations = new Names();
  await eachLine(source, collector, (line) => {
    if (/^\s*(#.*)?$/.test(line)) return;
    const match = STATEMENT.exec(line);
    if (match) collector.add(nodes.id(match[1]!), relations.id(match[2]!), nodes.id(match[3]!));
    else {
      collector.refuse(
        JSON.stringify(line),
        "a statement of N-Triples: subject predicate object .",
      );
    }
  });
  return collector.finish(nodes.list, relations.list);
}

const [TAB, NEWLINE, RETURN, HASH] = [9, 10, 13, 35];

/** Lines whose names are looked up together. */
const BLOCK = 512;

/**
 * Tab-separated triples by their bytes: at ten million lines it is making a string of every column that
 * costs, so a name is made into one when it is first seen, and known by its bytes after that.
 */
async function readTabs(source: GraphSource, collector: EdgeCollector): Promise<ReadGraph> {
  const nodes = new ByteNames();
  const relations = new ByteNames();
  const decoder = new TextDecoder();
  // Columns of the lines that wait: where each begins and ends, and the number it has.
  const [heads, kinds, tails] = [new Spans(BLOCK), new Spans(BLOCK), new Spans(BLOCK)];
  const lines = new Float64Array(BLOCK);
  let waiting = 0;
  const flush = (text: Uint8Array) => {
    nodes.ids(text, heads, waiting);
    relations.ids(text, kinds, waiting);
    nodes.ids(text, tails, waiting);
    for (let i = 0; i < waiting; i++) {
      const [head, kind, tail] = [heads.id[i]!, kinds.id[i]!, tails.id[i]!];
      if (head >= 0 && kind >= 0 && tail >= 0) collector.add(head, kind, tail);
      else collector.refuse("bytes that are no UTF-8", "text in UTF-8", lines[i]!);
    }
    waiting = 0;
  };
  const one = (text: Uint8Array, from: number, end: number) => {
    collector.line++;
    const to = end > from && text[end - 1] === RETURN ? end - 1 : end;
    if (to === from || text[from] === HASH) return;
    let a = -1;
    let b = -1;
    let tabs = 0;
    for (let i = from; i < to; i++) {
      if (text[i] !== TAB) continue;
      tabs++;
      if (tabs === 1) a = i;
      else b = i;
    }
    if (tabs !== 2 || a === from || b === a + 1 || b === to - 1) {
      const { line: number } = collector;
      // The first error is the one of the first line.
      flush(text);
      const line = decoder.decode(text.subarray(from, Math.min(to, from + 500)));
      collector.refuse(JSON.stringify(line), "three columns: head, relation, tail", number);
      return;
    }
    heads.set(waiting, from, a);
    kinds.set(waiting, a + 1, b);
    tails.set(waiting, b + 1, to);
    lines[waiting++] = collector.line;
    if (waiting === BLOCK) flush(text);
  };
  const encoder = new TextEncoder();
  let rest = new Uint8Array(0);
  let first = true;
  for await (const chunk of chunksOf(source, collector.options)) {
    let text = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    if (rest.length > 0) {
      const joined = new Uint8Array(rest.length + text.length);
      joined.set(rest);
      joined.set(text, rest.length);
      text = joined;
    }
    let from = 0;
    // A byte order mark is no part of the first name.
    if (first && text.length >= 3) {
      if (text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf) from = 3;
      first = false;
    }
    for (let end = text.indexOf(NEWLINE, from); end >= 0; end = text.indexOf(NEWLINE, from)) {
      one(text, from, end);
      from = end + 1;
    }
    flush(text);
    rest = text.slice(from);
    checkLine(rest.length, collector.name);
  }
  if (rest.length > 0) one(rest, 0, rest.length);
  flush(rest);
  return collector.finish(nodes.list, relations.list);
}

/** Names of a text: bytes `from` to `to` (exclusive), and the numbers that they have. */
class Spans {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly id: Int32Array;

  constructor(size: number) {
    this.from = new Int32Array(size);
    this.to = new Int32Array(size);
    this.id = new Int32Array(size);
  }

  set(i: number, from: number, to: number): void {
    this.from[i] = from;
    this.to[i] = to;
  }
}

/**
 * Numbers for names given by their UTF-8 bytes: a hash table with open addressing. Nearly all of its time
 * is waiting for memory, so all that a look needs before the name itself lies side by side.
 */
class ByteNames {
  readonly list: string[] = [];
  /** Four numbers an entry: hash, id + 1 (0: empty), where the name begins, its length. */
  #table = new Int32Array(4 << 12);
  #bytes = new Uint8Array(1 << 16);
  #used = 0;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #hashes = new Int32Array(0);
  #places = new Int32Array(0);

  /**
   * Numbers of the first `count` names, or -1 where bytes are no UTF-8. What many names wait for is
   * fetched side by side: first where each should stand, then the bytes that stand there.
   */
  ids(text: Uint8Array, { from, to, id }: Spans, count: number): void {
    if (this.#hashes.length < count) {
      this.#hashes = new Int32Array(count);
      this.#places = new Int32Array(count);
    }
    const hashes = this.#hashes;
    const places = this.#places;
    for (let i = 0; i < count; i++) hashes[i] = hashOf(text, from[i]!, to[i]!);
    const table = this.#table;
    const bytes = this.#bytes;
    const mask = table.length - 1;
    for (let i = 0; i < count; i++) {
      const hash = hashes[i]!;
      let place = (hash << 2) & mask;
      while (table[place + 1] !== 0 && table[place] !== hash) place = (place + 4) & mask;
      places[i] = place;
    }
    for (let i = 0; i < count; i++) {
      const place = places[i]!;
      const begin = from[i]!;
      const length = to[i]! - begin;
      let same = table[place + 1] !== 0 && table[place + 3] === length;
      for (let j = 0, at = table[place + 2]!; same && j < length; j++) {
        same = text[begin + j] === bytes[at + j];
      }
      id[i] = same ? table[place + 1]! - 1 : -1;
    }
    // What is new, or shares its hash with another name.
    for (let i = 0; i < count; i++) {
      if (id[i] === -1) id[i] = this.#id(text, from[i]!, to[i]!, hashes[i]!);
    }
  }

  #id(text: Uint8Array, from: number, to: number, hash: number): number {
    const table = this.#table;
    const bytes = this.#bytes;
    const mask = table.length - 1;
    const length = to - from;
    let place = (hash << 2) & mask;
    for (; table[place + 1] !== 0; place = (place + 4) & mask) {
      if (table[place] !== hash || table[place + 3] !== length) continue;
      let j = table[place + 2]!;
      let i = from;
      while (i < to && text[i] === bytes[j]) {
        i++;
        j++;
      }
      if (i === to) return table[place + 1]! - 1;
    }
    let name: string;
    try {
      name = this.#decoder.decode(text.subarray(from, to));
    } catch {
      return -1;
    }
    const begin = this.#used;
    this.#used += length;
    if (this.#used > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(this.#used, this.#bytes.length * 2));
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    this.#bytes.set(text.subarray(from, to), begin);
    const id = this.list.push(name) - 1;
    table[place] = hash;
    table[place + 1] = id + 1;
    table[place + 2] = begin;
    table[place + 3] = length;
    if (this.list.length * 8 > table.length) this.#grow();
    return id;
  }

  #grow(): void {
    const old = this.#table;
    const table = new Int32Array(old.length * 2);
    const mask = table.length - 1;
    for (let at = 0; at < old.length; at += 4) {
      if (old[at + 1] === 0) continue;
      let place = (old[at]! << 2) & mask;
      while (table[place + 1] !== 0) place = (place + 4) & mask;
      for (let i = 0; i < 4; i++) table[place + i] = old[at + i]!;
    }
    this.#table = table;
  }
}

/** FNV-1a with the end of MurmurHash3, without which neighbouring names stand in one run. */
function hashOf(text: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ text[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
