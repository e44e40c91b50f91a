/*
 * Debian's package lists (deb822(5), "Packages" of an archive or of /var/lib/apt/lists): a stanza per
 * package, its relations as fields (Debian policy, chapter 7).
 */
import { FormatError } from "@dtok/core";
import { buildGraph } from "../csr/graph.js";
import type { KnowledgeGraph } from "../csr/graph.js";

export interface DebianPackage {
  readonly name: string;
  /** "libs", "games", …; the archive's area ("contrib/") is left out. */
  readonly section: string;
  /** The short description. */
  readonly description: string;
}

export interface DebianArchive {
  /** Packages and the virtual ones that they name. */
  readonly graph: KnowledgeGraph;
  /** By the graph's numbers; undefined for names without a stanza. */
  readonly packages: readonly (DebianPackage | undefined)[];
}

/** Field to relation. */
const RELATIONS: readonly (readonly [string, string])[] = [
  ["Pre-Depends", "pre_depends"],
  ["Depends", "depends"],
  ["Recommends", "recommends"],
  ["Suggests", "suggests"],
  ["Enhances", "enhances"],
  ["Breaks", "breaks"],
  ["Conflicts", "conflicts"],
  ["Replaces", "replaces"],
  ["Provides", "provides"],
];

/**
 * The dependency graph of an archive. Alternatives ("a | b") are an edge each, versions and architectures
 * are left out; of a package that comes twice the first stanza counts.
 *
 * @throws FormatError with the line
 */
export function parseDebianPackages(text: string): DebianArchive {
  const ids = new Map<string, number>();
  const id = (name: string) => {
    let known = ids.get(name);
    if (known === undefined) ids.set(name, (known = ids.size));
    return known;
  };
  const packages = new Map<number, DebianPackage>();
  const [heads, kinds, tails]: [number[], number[], number[]] = [[], [], []];
  let fields = new Map<string, string>();
  let field = "";
  const close = (line: number) => {
    if (fields.size === 0) return;
    const name = fields.get("Package");
    if (!name) {
      throw new FormatError(`package list, line ${line}`, {
        expected: "a stanza with a Package field",
        got: [...fields.keys()].join(", "),
        remedy: "Give a Packages file of an archive.",
      });
    }
    const from = id(name);
    if (!packages.has(from)) {
      packages.set(from, {
        name,
        section: (fields.get("Section") ?? "").replace(/^.*\//, ""),
        description: fields.get("Description") ?? "",
      });
      for (const [r, [key]] of RELATIONS.entries()) {
        for (const part of (fields.get(key) ?? "").split(/[,|]/)) {
          const target = part.trim().replace(/[\s:([<].*$/s, "");
          if (target === "") continue;
          heads.push(from);
          kinds.push(r);
          tails.push(id(target));
        }
      }
    }
    fields = new Map();
    field = "";
  };
  let line = 0;
  for (let from = 0; from < text.length;) {
    let end = text.indexOf("\n", from);
    if (end < 0) end = text.length;
    const row = text.slice(from, end);
    from = end + 1;
    line++;
    if (row.trim() === "") close(line);
    else if (row.startsWith(" ") || row.startsWith("\t")) {
      if (RELATIONS.some(([key]) => key === field))
        fields.set(field, `${fields.get(field)} ${row}`);
    } else {
      const colon = row.indexOf(":");
      if (colon < 1) {
        throw new FormatError(`package list, line ${line}`, {
          expected: `a field, "Name: value"`,
          got: JSON.stringify(row.slice(0, 80)),
          remedy: "Give a Packages file of an archive, unpacked.",
        });
      }
      field = row.slice(0, colon);
      fields.set(field, row.slice(colon + 1).trim());
    }
  }
  close(line);
  if (packages.size === 0) {
    throw new FormatError("package list", {
      expected: "at least one stanza",
      got: "none",
      remedy: "Give a Packages file of an archive.",
    });
  }
  const graph = buildGraph({
    nodes: [...ids.keys()],
    relations: RELATIONS.map(([, name]) => name),
    heads: Int32Array.from(heads),
    relationIds: Int32Array.from(kinds),
    tails: Int32Array.from(tails),
  });
  return { graph, packages: graph.nodes.map((name) => packages.get(ids.get(name)!)) };
}
