import { parquetWriteBuffer } from "hyparquet-writer";
import type { NodePiece } from "./node-piece.js";

/**
 * The tokens of every node as a Parquet file: node, then one int32 column per codebook: anchor_0 to
 * anchor_{k-1}, distance_0 …, relation_0 …
 */
export function tokensToParquet(pieces: NodePiece): Uint8Array {
  const { data, shape } = pieces.encode().codes;
  const [rows, width] = shape;
  const k = pieces.perNode;
  const nameOf = (q: number) =>
    q < k ? `anchor_${q}` : q < 2 * k ? `distance_${q - k}` : `relation_${q - 2 * k}`;
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "node", data: [...pieces.graph.nodes], type: "STRING" },
        ...Array.from({ length: width }, (_, q) => ({
          name: nameOf(q),
          data: Int32Array.from({ length: rows }, (_, n) => data[n * width + q]!),
          type: "INT32" as const,
        })),
      ],
    }),
  );
}
