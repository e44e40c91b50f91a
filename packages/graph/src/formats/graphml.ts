/*
 * GraphML (Brandes, Eiglsperger, Lerner, Pich, 2013): nodes and edges by id, with `data` of keys that are
 * declared before. Nested graphs are read as one. Hyperedges are no edges of two ends: malformed.
 */
import { ElementCollector } from "./reading.js";
import type { AttributeOptions, GraphSource, ReadGraph } from "./reading.js";
import { readXml } from "./xml.js";
import type { Attributes } from "./xml.js";

/** @throws FormatError with the number of the line */
export async function readGraphML(
  source: GraphSource,
  options: AttributeOptions = {},
): Promise<ReadGraph> {
  const collector = new ElementCollector(options, "GraphML");
  const keys = new Map<string, { readonly name: string; fallback?: string }>();
  let key: string | undefined;
  /** Whether edges are undirected unless they say otherwise, graph within graph. */
  const ways: boolean[] = [];
  // Nodes may hold graphs, whose nodes and edges have data of their own.
  const open: { attributes: Attributes; data: Map<string, string>; line: number }[] = [];
  let datum: string | undefined;
  await readXml(source, collector, {
    open(name, attributes) {
      if (name === "key" && attributes["id"] !== undefined) {
        key = attributes["id"];
        keys.set(key, { name: attributes["attr.name"] ?? key });
      } else if (name === "graph") ways.push(attributes["edgedefault"] === "undirected");
      else if (name === "node" || name === "edge") {
        open.push({ attributes, data: new Map(), line: collector.edges.line });
      } else if (name === "data") datum = attributes["key"];
      else if (name === "hyperedge") {
        collector.edges.refuse("a hyperedge", "edges of two ends");
      }
    },
    close(name, text) {
      if (name === "default" && key !== undefined) keys.get(key)!.fallback = text.trim();
      else if (name === "key") key = undefined;
      else if (name === "graph") ways.pop();
      else if (name === "data" && datum !== undefined) {
        open.at(-1)?.data.set(keys.get(datum)?.name ?? datum, text.trim());
        datum = undefined;
      } else if (name === "node" || name === "edge") {
        const { attributes, data, line } = open.pop()!;
        // Errors name the line where the element begins.
        const here = collector.edges.line;
        collector.edges.line = line;
        if (name === "node") collector.node(attributes["id"], data.get("label"));
        else {
          const directed = attributes["directed"];
          collector.edge(
            attributes["source"],
            attributes["target"],
            directed === undefined ? (ways.at(-1) ?? false) : directed !== "true",
            (attribute) => data.get(attribute) ?? fallbackOf(attribute),
          );
        }
        collector.edges.line = here;
      }
    },
  });
  function fallbackOf(attribute: string): string | undefined {
    for (const { name, fallback } of keys.values()) if (name === attribute) return fallback;
    return undefined;
  }
  return collector.finish();
}
