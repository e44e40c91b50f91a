/*
 * GEXF 1.1 to 1.3 (gexf.net): nodes and edges by id, `attvalue`s whose titles are declared before. An
 * edge's own `kind` and `label` count as attributes of these names; its `type` says whether it has a
 * direction. Nested nodes are nodes.
 */
import { ElementCollector } from "./reading.js";
import type { AttributeOptions, GraphSource, ReadGraph } from "./reading.js";
import { readXml } from "./xml.js";
import type { Attributes } from "./xml.js";

/** @throws FormatError with the number of the line */
export async function readGexf(
  source: GraphSource,
  options: AttributeOptions = {},
): Promise<ReadGraph> {
  const collector = new ElementCollector(options, "GEXF");
  const titles = new Map<string, string>();
  const fallbacks = new Map<string, string>();
  let ofEdges = false;
  let attribute: string | undefined;
  let way = "undirected";
  let edge: { attributes: Attributes; data: Map<string, string>; line: number } | undefined;
  await readXml(source, collector, {
    open(name, attributes) {
      if (name === "graph") way = attributes["defaultedgetype"] ?? "undirected";
      else if (name === "attributes") ofEdges = attributes["class"] === "edge";
      else if (name === "attribute" && ofEdges && attributes["id"] !== undefined) {
        attribute = attributes["id"];
        titles.set(attribute, attributes["title"] ?? attribute);
      } else if (name === "node") collector.node(attributes["id"], attributes["label"]);
      else if (name === "edge") edge = { attributes, data: new Map(), line: collector.edges.line };
      else if (name === "attvalue" && edge !== undefined) {
        // Version 1.1 calls it id.
        const id = attributes["for"] ?? attributes["id"];
        if (id !== undefined && attributes["value"] !== undefined) {
          edge.data.set(titles.get(id) ?? id, attributes["value"]);
        }
      }
    },
    close(name, text) {
      if (name === "default" && attribute !== undefined) {
        fallbacks.set(titles.get(attribute)!, text.trim());
      } else if (name === "attribute") attribute = undefined;
      else if (name === "edge" && edge !== undefined) {
        const { attributes, data, line } = edge;
        edge = undefined;
        const here = collector.edges.line;
        collector.edges.line = line;
        const type = attributes["type"] ?? way;
        const own = (what: string) =>
          what === "kind" || what === "label" ? attributes[what] : undefined;
        collector.edge(
          attributes["source"],
          attributes["target"],
          type !== "directed",
          (what) => data.get(what) ?? own(what) ?? fallbacks.get(what),
        );
        collector.edges.line = here;
      }
    },
  });
  return collector.finish();
}
