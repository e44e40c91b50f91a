/*
 * WordNet's database (wndb(5WN)): data.<part of speech> holds a synset a line, index.<part of speech> the
 * senses of a word in order. Synsets are named as NLTK does, `dog.n.01`: first word, part of speech, number
 * of the sense.
 */
import { FormatError } from "@dtok/core";
import { buildGraph } from "../csr/graph.js";
import type { KnowledgeGraph } from "../csr/graph.js";

export type PartOfSpeech = "noun" | "verb" | "adj" | "adv";

/** Texts of data.* and index.*, by part of speech. */
export type WordNetFiles = Readonly<
  Partial<Record<PartOfSpeech, { readonly data: string; readonly index: string }>>
>;

export interface WordNet {
  readonly graph: KnowledgeGraph;
  /** Words of each node, as they are written, by the graph's numbers. */
  readonly words: readonly (readonly string[])[];
  readonly glosses: readonly string[];
}

/**
 * Pointers that are kept. Their inverses (hyponyms, meronyms, members of a domain) are the same facts read
 * backward, and are left out.
 */
const RELATIONS: Readonly<Record<string, string>> = {
  "@": "hypernym",
  "@i": "instance_hypernym",
  "#m": "member_holonym",
  "#p": "part_holonym",
  "#s": "substance_holonym",
  ";c": "domain_topic",
  ";r": "domain_region",
  ";u": "domain_usage",
  "*": "entailment",
  ">": "cause",
  "^": "also_see",
  $: "verb_group",
  "&": "similar_to",
  "!": "antonym",
  "=": "attribute",
  "+": "derivation",
  "<": "participle",
  "\\": "pertainym",
};
/** Hold either way: kept once, from the name that sorts first. */
const SYMMETRIC = new Set(["^", "$", "&", "!", "=", "+"]);
const INVERSE = new Set(["~", "~i", "%m", "%p", "%s", "-c", "-r", "-u", "-", ";"]);
const LETTER: Readonly<Record<PartOfSpeech, string>> = { noun: "n", verb: "v", adj: "a", adv: "r" };

interface Synset {
  readonly key: string;
  name: string;
  readonly words: readonly string[];
  readonly gloss: string;
  readonly pointers: readonly (readonly [symbol: string, target: string])[];
}

function refuse(name: string, line: number, expected: string, text: string): never {
  throw new FormatError(`${name}, line ${line}`, {
    expected,
    got: JSON.stringify(text.slice(0, 80)),
    remedy: "Give WordNet's own data and index files, unchanged.",
  });
}

function synsets(part: PartOfSpeech, text: string): Synset[] {
  const out: Synset[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    // The licence stands in front, indented.
    if (line === "" || line.startsWith(" ")) continue;
    const bar = line.indexOf("|");
    const fields = (bar < 0 ? line : line.slice(0, bar)).trim().split(" ");
    const wrong = () => refuse(`data.${part}`, i + 1, "a synset as in wndb(5WN)", line);
    const count = Number.parseInt(fields[3] ?? "", 16);
    if (!/^\d{8}$/.test(fields[0]!) || !(count >= 1)) wrong();
    const words = [];
    // Adjectives carry their place in marks: "galore(ip)".
    for (let w = 0; w < count; w++)
      words.push((fields[4 + 2 * w] ?? wrong()).replace(/\(.*\)$/, ""));
    const at = 4 + 2 * count;
    const links = Number(fields[at]);
    if (!Number.isSafeInteger(links) || fields.length < at + 1 + 4 * links) wrong();
    const pointers = [];
    for (let p = 0; p < links; p++) {
      const [symbol, offset, letter] = fields.slice(at + 1 + 4 * p, at + 4 + 4 * p) as [
        string,
        string,
        string,
      ];
      pointers.push([symbol, `${letter === "s" ? "a" : letter}${offset}`] as const);
    }
    out.push({
      key: `${LETTER[part]}${fields[0]}`,
      name: `${words[0]!.toLowerCase()}.${fields[2]}`,
      words: words.map((word) => word.replaceAll("_", " ")),
      gloss: bar < 0 ? "" : line.slice(bar + 1).trim(),
      pointers,
    });
  }
  return out;
}

/**
 * WordNet as a graph of synsets (117,659 in version 3.0) with 18 relations and their inverses left out.
 *
 * @throws FormatError with file and line
 */
export function parseWordNet(files: WordNetFiles): WordNet {
  const all: Synset[] = [];
  for (const part of ["noun", "verb", "adj", "adv"] as const) {
    const given = files[part];
    if (!given) continue;
    const sets = synsets(part, given.data);
    const senses = new Map<string, number>();
    for (const [i, line] of given.index.split("\n").entries()) {
      if (line === "" || line.startsWith(" ")) continue;
      const fields = line.trim().split(" ");
      const count = Number(fields[2]);
      if (!(count >= 1) || fields.length < count + 4) {
        refuse(`index.${part}`, i + 1, "a word and its synsets as in wndb(5WN)", line);
      }
      for (const [at, offset] of fields.slice(-count).entries()) {
        senses.set(`${fields[0]} ${LETTER[part]}${offset}`, at + 1);
      }
    }
    for (const set of sets) {
      const word = set.words[0]!.toLowerCase().replaceAll(" ", "_");
      const sense = senses.get(`${word} ${set.key}`) ?? 1;
      set.name += `.${String(sense).padStart(2, "0")}`;
      all.push(set);
    }
  }
  if (all.length === 0) {
    throw new FormatError("WordNet", {
      expected: "at least one part of speech",
      got: "no synset",
      remedy: "Give the texts of data.noun and index.noun, and of the others.",
    });
  }
  const numbers = new Map(all.map((set, i) => [set.key, i]));
  const names = new Set<string>();
  for (const set of all) {
    // Two synsets of one name: satellites and adjectives of a few words. The offset tells them apart.
    if (names.has(set.name)) set.name += `-${set.key.slice(1)}`;
    names.add(set.name);
  }
  const relations = Object.values(RELATIONS);
  const kindOf = new Map(Object.keys(RELATIONS).map((symbol, i) => [symbol, i]));
  const [heads, kinds, tails]: [number[], number[], number[]] = [[], [], []];
  for (const [i, { name, pointers }] of all.entries()) {
    for (const [symbol, target] of pointers) {
      if (INVERSE.has(symbol)) continue;
      const kind = kindOf.get(symbol);
      if (kind === undefined) {
        throw new FormatError(`synset ${name}`, {
          expected: "pointers as in wninput(5WN)",
          got: JSON.stringify(symbol),
          remedy: "Give WordNet's own files, unchanged.",
        });
      }
      // Of a part of speech that was not given.
      const other = numbers.get(target);
      if (other === undefined) continue;
      const turn = SYMMETRIC.has(symbol) && all[other]!.name < name;
      heads.push(turn ? other : i);
      kinds.push(kind);
      tails.push(turn ? i : other);
    }
  }
  const graph = buildGraph({
    nodes: all.map(({ name }) => name),
    relations,
    heads: Int32Array.from(heads),
    relationIds: Int32Array.from(kinds),
    tails: Int32Array.from(tails),
  });
  const order = new Map(all.map((set) => [set.name, set]));
  return {
    graph,
    words: graph.nodes.map((name) => order.get(name)!.words),
    glosses: graph.nodes.map((name) => order.get(name)!.gloss),
  };
}
