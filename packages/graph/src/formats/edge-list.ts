import { ArgumentError } from "@dtok/core";
import { eachLine, EdgeCollector, Names } from "./reading.js";
import type { GraphSource, ReadGraph, ReadOptions } from "./reading.js";

export interface EdgeListOptions extends ReadOptions {
  /** Between columns. Default any run of white space, commas and semicolons. */
  readonly separator?: string | RegExp;
  /**
   * What the columns are, from the first; those beyond are left out, as weights and the like. Default
   * source, target. null: a column that does not count.
   */
  readonly columns?: readonly ("source" | "target" | "relation" | null)[];
  /** Relation of edges without a column for it. Default "edge". */
  readonly unnamed?: string;
  /** Each edge goes both ways. Default false. */
  readonly undirected?: boolean;
  /** The first line that is no comment names the columns, and is left out. Default false. */
  readonly header?: boolean;
}

/**
 * A graph from an edge list, one edge a line, such as SNAP's and KONECT's and NetworkX's. Lines that
 * begin with # or % are comments.
 *
 * @throws FormatError with the number of the line (strict), or for a source without edges
 */
export async function readEdgeList(
  source: GraphSource,
  options: EdgeListOptions = {},
): Promise<ReadGraph> {
  const { separator = /[\s,;]+/, columns = ["source", "target"], unnamed = "edge" } = options;
  const [from, to, named] = (["source", "target", "relation"] as const).map((what) =>
    columns.indexOf(what),
  ) as [number, number, number];
  if (from < 0 || to < 0) {
    throw new ArgumentError("columns of an edge list", {
      expected: "source and target, each once",
      got: JSON.stringify(columns),
      remedy: `For example ["source", "relation", "target"].`,
    });
  }
  const least = Math.max(from, to, named) + 1;
  const collector = new EdgeCollector(options, "edge list");
  const nodes = new Names();
  const relations = new Names();
  let header = options.header ?? false;
  await eachLine(source, collector, (text) => {
    const line = text.trim();
    if (line === "" || line.startsWith("#") || line.startsWith("%")) return;
    if (header) {
      header = false;
      return;
    }
    const cells = line.split(separator);
    if (cells.length < least || cells[from] === "" || cells[to] === "") {
      collector.refuse(JSON.stringify(text), `at least ${least} columns`);
      return;
    }
    const head = nodes.id(cells[from]!);
    const tail = nodes.id(cells[to]!);
    const kind = relations.id((named < 0 ? undefined : cells[named]) || unnamed);
    collector.add(head, kind, tail);
    if (options.undirected && head !== tail) collector.add(tail, kind, head);
  });
  return collector.finish(nodes.list, relations.list);
}
