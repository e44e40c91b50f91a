import { ArgumentError } from "@dtok/core";
import { readEdgeList } from "./edge-list.js";
import type { EdgeListOptions } from "./edge-list.js";
import { readGexf } from "./gexf.js";
import { readGml } from "./gml.js";
import { readGraphML } from "./graphml.js";
import { readParquet } from "./parquet.js";
import { chunksOf } from "./reading.js";
import type { AttributeOptions, GraphSource, ReadGraph } from "./reading.js";
import { readTriples } from "./triples.js";

export const GRAPH_FORMATS = ["tsv", "nt", "edges", "graphml", "gexf", "gml", "parquet"] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

const ENDINGS: Readonly<Record<string, GraphFormat>> = {
  tsv: "tsv",
  txt: "tsv",
  nt: "nt",
  edges: "edges",
  edgelist: "edges",
  el: "edges",
  csv: "edges",
  graphml: "graphml",
  gexf: "gexf",
  gml: "gml",
  parquet: "parquet",
};

/** A format by the ending of a file's name, `.gz` aside; undefined where none is known. */
export function graphFormatOf(path: string): GraphFormat | undefined {
  const ending = /\.([a-z]+)$/i.exec(path.replace(/\.gz$/i, ""))?.[1]?.toLowerCase();
  return ending === undefined ? undefined : ENDINGS[ending];
}

export interface ReadGraphOptions
  extends
    AttributeOptions,
    Pick<EdgeListOptions, "columns" | "undirected" | "header" | "separator"> {
  /** Default: by the ending of `name`, else "tsv". */
  readonly format?: GraphFormat;
}

/**
 * A graph in any format, from its bytes as they come. `gzip`ped ones (a name that ends in .gz) are
 * unpacked. Parquet is read from its end, so all of it is held.
 *
 * @throws FormatError with the number of the line, ArgumentError for an unknown format
 */
export async function readGraph(
  source: GraphSource,
  options: ReadGraphOptions = {},
): Promise<ReadGraph> {
  const { name = "", format = graphFormatOf(name) ?? "tsv", columns, ...rest } = options;
  const plain = /\.gz$/i.test(name) ? gunzip(source) : source;
  const more = { ...rest, ...(name !== "" && { name }) };
  switch (format) {
    case "tsv":
    case "nt":
      return readTriples(plain, { ...more, format });
    case "edges":
      return readEdgeList(plain, { ...more, ...(columns && { columns }) });
    case "graphml":
      return readGraphML(plain, more);
    case "gexf":
      return readGexf(plain, more);
    case "gml":
      return readGml(plain, more);
    case "parquet": {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunksOf(plain, more.signal ? { signal: more.signal } : {})) {
        parts.push(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
      }
      return readParquet(new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()), more);
    }
    default:
      throw new ArgumentError("format of a graph", {
        expected: `one of ${GRAPH_FORMATS.join(", ")}`,
        got: String(format),
        remedy: "Choose one of these.",
      });
  }
}

/** Unpacks gzip as it comes, with what both Node.js and browsers have. */
async function* gunzip(source: GraphSource): AsyncGenerator<Uint8Array> {
  const unpack = new DecompressionStream("gzip");
  const feed = (async () => {
    const writer = unpack.writable.getWriter();
    try {
      for await (const chunk of chunksOf(source, {})) {
        await writer.write(
          (typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk) as BufferSource,
        );
      }
      await writer.close();
    } catch (error) {
      await writer.abort(error);
    }
  })();
  // What goes wrong in feeding is seen by the reader.
  feed.catch(() => undefined);
  for await (const chunk of chunksOf(unpack.readable as ReadableStream<Uint8Array>, {})) {
    yield chunk as Uint8Array;
  }
  await feed;
}
