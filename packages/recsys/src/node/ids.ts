import { parquetWriteBuffer } from "hyparquet-writer";
import type { Catalogue } from "../catalogue/catalogue.js";
import { formatId, levelName } from "../ids/print.js";

/**
 * A catalogue's IDs as a Parquet file: item_id, semantic_id (text), and one int32 column per level
 * (code_a, code_b, …).
 */
export function idsToParquet(catalogue: Catalogue): Uint8Array {
  const { data, shape } = catalogue.codes;
  const [rows, depth] = shape;
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "item_id", data: [...catalogue.itemIds], type: "STRING" },
        {
          name: "semantic_id",
          data: catalogue.itemIds.map((_, n) =>
            formatId(data.subarray(n * depth, (n + 1) * depth)),
          ),
          type: "STRING",
        },
        ...Array.from({ length: depth }, (_, l) => ({
          name: `code_${levelName(l)}`,
          data: Int32Array.from({ length: rows }, (_, n) => data[n * depth + l]!),
          type: "INT32" as const,
        })),
      ],
    }),
  );
}
