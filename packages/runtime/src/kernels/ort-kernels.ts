import { GroupSearch, checkMatrix, checkMatrixShape, portableKernels } from "@dtok/core";
import type { AsyncKernels, Matrix, ModelRuntime, ModelSession, NearestResult } from "@dtok/core";
import { ClosedError } from "../errors.js";
import { groupMinimaGraph } from "./graph.js";

/** Scores of one run: 2 MiB of them stay in the second-level cache. */
const SCORES = 2 ** 19;
/** Vectors of one run: a run costs some tens of microseconds of its own. */
const [LEAST_TILE, MOST_TILE] = [256, 2048];
/** Below this width a product is mostly reading and writing scores, and core's fused kernel is faster. */
const MIN_DIM = 24;

export interface OrtKernelOptions {
  /** Threads within one product. Default: the runtime's own choice. */
  readonly threads?: number;
  /** Vectors of fewer numbers go to `narrow`. Default 24. */
  readonly minDim?: number;
  /**
   * Kernels for narrow vectors, such as `createThreadedKernels()` of @dtok/core/node; not closed by
   * `close()`. Default: core's portable kernels, one thread.
   */
  readonly narrow?: AsyncKernels;
}

/**
 * Nearest codewords through ONNX Runtime's matrix product, with the codes and distances of core's
 * reference kernels: winners are taken anew exactly, ties go to the lowest index. For runtimes on an
 * accelerator; on a CPU core's own kernels are faster (`createNodeKernels`, `nearest`).
 *
 * @param runtime is not closed by `close()`
 */
export function createOrtKernels(
  runtime: ModelRuntime,
  options: OrtKernelOptions = {},
): AsyncKernels {
  const { threads, minDim = MIN_DIM, narrow } = options;
  const sessions = new Map<string, Promise<ModelSession>>();
  let closed = false;
  const session = (
    width: number,
    chunks: number,
    size: number,
    group: number,
  ): Promise<ModelSession> => {
    const key = `${width} ${chunks} ${size} ${group}`;
    let found = sessions.get(key);
    if (found === undefined) {
      found = runtime.load(groupMinimaGraph(width, chunks, size, group), {
        ...(threads !== undefined && { threads }),
      });
      // A failed load is tried anew next time.
      found.catch(() => sessions.delete(key));
      sessions.set(key, found);
    }
    return found;
  };
  return {
    name: `onnxruntime-${runtime.name}`,
    async nearest(vectors: Matrix, codebook: Matrix, signal?: AbortSignal): Promise<NearestResult> {
      if (closed) {
        throw new ClosedError("kernels", {
          expected: "open kernels",
          got: "ones that were closed",
          remedy: "Create new ones.",
        });
      }
      signal?.throwIfAborted();
      const portable = portableKernels();
      const [rows, dim] = vectors.shape;
      if (dim < minDim || portable.name !== "wasm-simd" || rows === 0) {
        return narrow === undefined
          ? portable.nearest(vectors, codebook)
          : narrow.nearest(vectors, codebook, signal);
      }
      checkMatrix(codebook, dim, "codebook");
      checkMatrixShape(vectors, dim, "vectors");
      let isChecked = false;
      const most = Math.max(
        LEAST_TILE,
        Math.min(MOST_TILE, Math.floor(SCORES / codebook.shape[0])),
      );
      const search = new GroupSearch(codebook, Math.min(most, rows));
      const { chunks, chunkSize, group, groups, tile } = search;
      const model = await session(dim + 1, chunks.length, chunkSize, group);
      // A copy: both views lie in one WebAssembly memory, and runtimes refuse overlapping buffers.
      const centred = new Float32Array(tile * (dim + 1));
      const feeds = Object.fromEntries(
        chunks.map((data, c) => [`w${c}`, { data, shape: [dim + 1, chunkSize] }]),
      );
      const indices = new Int32Array(rows);
      const distances = new Float32Array(rows);
      for (let row = 0; row < rows; row += tile) {
        signal?.throwIfAborted();
        const end = Math.min(rows, row + tile);
        const count = end - row;
        if (!search.centre(vectors, row, end)) {
          // Too long, or no numbers: looked for only here, since every vector passes through centre.
          if (!isChecked) checkMatrix(vectors, dim, "vectors");
          isChecked = true;
          const part = portable.nearest(
            { data: vectors.data.subarray(row * dim, end * dim), shape: [count, dim] },
            codebook,
          );
          indices.set(part.indices, row);
          distances.set(part.distances, row);
          continue;
        }
        const a = centred.subarray(0, count * (dim + 1));
        a.set(search.centred.subarray(0, a.length));
        const inputs = { ...feeds, a: { data: a, shape: [count, dim + 1] } };
        const y = { data: search.minima.subarray(0, count * groups), shape: [count, groups] };
        if (model.runInto) await model.runInto(inputs, { y });
        else y.data.set((await model.run(inputs)).y!.data as Float32Array);
        search.finish(count, indices, distances, row);
      }
      return { indices, distances };
    },
    async close(): Promise<void> {
      closed = true;
      const open = [...sessions.values()];
      sessions.clear();
      for (const result of await Promise.allSettled(open)) {
        if (result.status === "fulfilled") await result.value.close();
      }
    },
  };
}
