import { ArgumentError } from "@dtok/core";

/** Ids of one kind: the anchors, the relations, the distances, … */
export interface VocabularyPart {
  readonly kind: string;
  /** Text of each id, without the kind; a count stands for the numbers from 0. */
  readonly names: readonly string[] | number;
}

/** What stands where a node has fewer anchors or relations than there are places. */
export const NONE_ID = 0;
/** What stands for a relation that the graph did not have. */
export const UNKNOWN_ID = 1;
const SPECIALS = ["none", "unknown"] as const;

/**
 * The ids of node tokens in one range (the survey's section 2.8: anchors and relations; distances and
 * specials with them): first the specials, then part after part. Every id has a text
 * (`<|anchor:cat|>`) that is its own, so a node's tokens can be read, and read back.
 */
export class NodeVocabulary {
  readonly parts: readonly VocabularyPart[];
  readonly size: number;
  readonly #begin: readonly number[];
  readonly #numbers: (Map<string, number> | undefined)[] = [];

  constructor(parts: readonly VocabularyPart[]) {
    let size: number = SPECIALS.length;
    this.#begin = parts.map((part) => {
      const begin = size;
      size += sizeOf(part);
      return begin;
    });
    this.parts = parts;
    this.size = size;
  }

  /** First id of a kind. */
  begin(kind: string): number {
    return this.#begin[this.#part(kind)]!;
  }

  /** Id of the entry `index` of a kind. */
  id(kind: string, index: number): number {
    const part = this.#part(kind);
    const size = sizeOf(this.parts[part]!);
    if (Number.isSafeInteger(index) && index >= 0 && index < size) {
      return this.#begin[part]! + index;
    }
    throw new ArgumentError(`${kind} of a node vocabulary`, {
      expected: `a whole number from 0 to ${size - 1}`,
      got: String(index),
      remedy: "Use the vocabulary of the tokenizer that made the codes.",
    });
  }

  /** Kind and entry of an id; kind "special" for the specials. */
  entryOf(id: number): { readonly kind: string; readonly index: number } {
    if (!Number.isSafeInteger(id) || id < 0 || id >= this.size) {
      throw new ArgumentError("id of a node vocabulary", {
        expected: `a whole number from 0 to ${this.size - 1}`,
        got: String(id),
        remedy: "Use the vocabulary of the tokenizer that made the ids.",
      });
    }
    if (id < SPECIALS.length) return { kind: "special", index: id };
    // The last part that begins at the id or before; empty parts begin where the next one does.
    let part = this.parts.length - 1;
    while (this.#begin[part]! > id) part--;
    return { kind: this.parts[part]!.kind, index: id - this.#begin[part]! };
  }

  /** `<|anchor:cat|>`, `<|distance:2|>`, `<|none|>`. */
  textOf(id: number): string {
    const { kind, index } = this.entryOf(id);
    if (kind === "special") return `<|${SPECIALS[index]!}|>`;
    const { names } = this.parts[this.#part(kind)]!;
    return `<|${kind}:${typeof names === "number" ? index : names[index]!}|>`;
  }

  /** The id of a text, the inverse of `textOf`. */
  idOf(text: string): number {
    const special = SPECIALS.findIndex((name) => text === `<|${name}|>`);
    if (special >= 0) return special;
    for (const [p, { kind, names }] of this.parts.entries()) {
      const prefix = `<|${kind}:`;
      if (!text.startsWith(prefix) || !text.endsWith("|>")) continue;
      const name = text.slice(prefix.length, -2);
      let index: number | undefined;
      if (typeof names === "number") index = /^(0|[1-9]\d*)$/.test(name) ? Number(name) : undefined;
      else index = (this.#numbers[p] ??= new Map(names.map((n, i) => [n, i]))).get(name);
      if (index !== undefined && index < sizeOf(this.parts[p]!)) return this.#begin[p]! + index;
    }
    throw new ArgumentError("token of a node vocabulary", {
      expected: `a token such as ${this.textOf(this.size - 1)}`,
      got: JSON.stringify(text.slice(0, 80)),
      remedy: "Use the vocabulary of the tokenizer that made the tokens.",
    });
  }

  #part(kind: string): number {
    const part = this.parts.findIndex((other) => other.kind === kind);
    if (part >= 0) return part;
    throw new ArgumentError("kind of node token", {
      expected: `one of ${this.parts.map((other) => other.kind).join(", ")}`,
      got: kind,
      remedy: "Choose one of these.",
    });
  }
}

function sizeOf({ names }: VocabularyPart): number {
  return typeof names === "number" ? names : names.length;
}

/** Texts of 2 R relations: `isa>` along an edge, `<isa` against it. */
export function relationTexts(relations: readonly string[]): string[] {
  return [...relations.map((name) => `${name}>`), ...relations.map((name) => `<${name}`)];
}

/**
 * One column of codes, and what its entries are in the vocabulary: entry c of the codebook is the entry c
 * of the kind below its size, then the unknown one where there is one, then none.
 */
export interface TokenColumn {
  readonly kind: string;
  readonly unknown?: boolean;
}

function sizeOfKind(vocabulary: NodeVocabulary, kind: string): number {
  return sizeOf(vocabulary.parts.find((part) => part.kind === kind)!);
}

/** Codebook sizes of columns: the kind's entries, unknown, none. */
export function columnSizes(
  vocabulary: NodeVocabulary,
  columns: readonly TokenColumn[],
): readonly number[] {
  return columns.map(({ kind, unknown }) => sizeOfKind(vocabulary, kind) + (unknown ? 2 : 1));
}

/** Codes [rows, columns] as ids of the vocabulary, in place order. */
export function codesToIds(
  vocabulary: NodeVocabulary,
  columns: readonly TokenColumn[],
  codes: Int32Array,
): Int32Array {
  const begin = columns.map(({ kind }) => vocabulary.begin(kind));
  const size = columns.map(({ kind }) => sizeOfKind(vocabulary, kind));
  const ids = new Int32Array(codes.length);
  for (let i = 0, q = 0; i < codes.length; i++) {
    const code = codes[i]!;
    const past = code - size[q]!;
    ids[i] = past < 0 ? begin[q]! + code : past === 0 && columns[q]!.unknown ? UNKNOWN_ID : NONE_ID;
    if (++q === columns.length) q = 0;
  }
  return ids;
}

/**
 * The inverse of `codesToIds`.
 *
 * @throws ArgumentError for ids of another kind than their place
 */
export function idsToCodes(
  vocabulary: NodeVocabulary,
  columns: readonly TokenColumn[],
  ids: ArrayLike<number>,
): Int32Array {
  const begin = columns.map(({ kind }) => vocabulary.begin(kind));
  const size = columns.map(({ kind }) => sizeOfKind(vocabulary, kind));
  if (ids.length % columns.length !== 0) {
    throw new ArgumentError("ids of nodes", {
      expected: `whole nodes of ${columns.length} ids`,
      got: `${ids.length} ids`,
      remedy: "Give all ids of each node.",
    });
  }
  const codes = new Int32Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    const q = i % columns.length;
    const id = ids[i]!;
    const { unknown, kind } = columns[q]!;
    const index = id - begin[q]!;
    if (index >= 0 && index < size[q]!) codes[i] = index;
    else if (id === UNKNOWN_ID && unknown) codes[i] = size[q]!;
    else if (id === NONE_ID) codes[i] = size[q]! + (unknown ? 1 : 0);
    else {
      throw new ArgumentError(`id ${i % columns.length} of a node`, {
        expected: `a ${kind}, or a special that may stand there`,
        got: `${id}, ${vocabulary.textOf(id)}`,
        remedy: "Keep the order in which the tokenizer gave the ids.",
      });
    }
  }
  return codes;
}
