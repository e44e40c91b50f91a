import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { NodeTokens } from "./node-tokens.js";

/** Nodes of one row group: enough for good coding, little enough to hold. */
const ROWS = 1 << 17;

export interface TokensFileOptions {
  readonly signal?: AbortSignal;
  /** Nodes written so far. */
  readonly onProgress?: (nodes: number) => void;
}

/**
 * The tokens of every node as a Parquet file, piece by piece: node, then one int32 column per codebook,
 * called by its kind: anchor_0 to anchor_{k-1}, distance_0 …, relation_0 … The file's metadata hold
 * `dtok.codebookSizes` as JSON; the last entry of a codebook is none.
 */
export function* tokensFile(
  tokens: NodeTokens,
  { signal, onProgress }: TokensFileOptions = {},
): Generator<Uint8Array, void, undefined> {
  const { graph } = tokens;
  const width = tokens.columns.length;
  const before = new Map<string, number>();
  const names = tokens.columns.map(({ kind }) => {
    const i = before.get(kind) ?? 0;
    before.set(kind, i + 1);
    return `${kind}_${i}`;
  });
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [
      { name: "root", num_children: width + 1 },
      { name: "node", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
      ...names.map((name) => ({
        name,
        type: "INT32" as const,
        repetition_type: "REQUIRED" as const,
      })),
    ],
    statistics: false,
    kvMetadata: [{ key: "dtok.codebookSizes", value: JSON.stringify(tokens.codebookSizes) }],
  });
  const take = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  };
  for (let from = 0; from < graph.nodes.length; from += ROWS) {
    signal?.throwIfAborted();
    const to = Math.min(graph.nodes.length, from + ROWS);
    const { data } = tokens.encodeRange(from, to).codes;
    const rows = to - from;
    // Without a `flush` of the writer, it is done when it returns.
    void writer.write({
      columnData: [
        { name: "node", data: graph.nodes.slice(from, to), type: "STRING", encoding: "PLAIN" },
        ...names.map((name, q) => {
          const column = new Int32Array(rows);
          for (let n = 0; n < rows; n++) column[n] = data[n * width + q]!;
          return { name, data: column, type: "INT32" as const };
        }),
      ],
      rowGroupSize: ROWS,
    });
    yield take();
    onProgress?.(to);
  }
  void writer.finish();
  yield take();
}

/** The same file whole. */
export function tokensToParquet(tokens: NodeTokens): Uint8Array {
  const parts = [...tokensFile(tokens)];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
