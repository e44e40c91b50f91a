import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { ArgumentError, DtokError } from "../errors/index.js";
import { checkMatrix, checkMatrixShape } from "../quantizers/checks.js";
import { portableKernels } from "../kernels/portable.js";
import { nearestByDefinition } from "../kernels/reference.js";
import { isRelaxed, nearestModule } from "../kernels/module.js";
import { prunedSearch } from "../kernels/pruned.js";
import {
  CHUNK_NUMBERS,
  MAX_REACH,
  MIN_RADIUS,
  byteLayout,
  codebookMean,
  searchLayout,
} from "../kernels/wasm.js";
import type { AsyncKernels, NearestResult, TilePlan } from "../spec/kernels.js";
import type { Matrix } from "../spec/tensor.js";
import { useRelaxedSimd } from "./relaxed-simd.js";
import { WORKER_SOURCE } from "./worker.js";

/** Numbers of one slice of vectors that the threads share: 16 MiB. */
const SLICE_NUMBERS = 1 << 22;
/** Numbers that are copied in no time: 4 MiB. */
const WHOLE_NUMBERS = 1 << 20;
/** Multiply-adds below which a message to another thread costs more than it saves. */
const MIN_WORK = 1 << 22;

/**
 * Something that multiplies bytes faster than WebAssembly multiplies int16, such as ONNX Runtime
 * (`createNodeKernels` of @dtok/runtime). Codes stay those of the reference kernels: products only tell
 * which codewords may be nearest, and those distances are taken exactly.
 */
export interface ByteProduct {
  /** Vectors of fewer numbers are left to WebAssembly. */
  readonly minDim: number;
  /** The same where the engine has relaxed SIMD, which multiplies bytes too. Default: never. */
  readonly minRelaxedDim?: number;
  /**
   * Body of a JavaScript function of `require` and `data` that every worker thread runs once. It
   * returns (a promise of) a function of { a, b, scales, y, rows, dim, columns } that fills
   *
   *   y[n, k] = scales[k] * sum over d of (a[n, d] - 128) b[d, k],
   *
   * a uint8 [rows, dim] of 1 to 255, b int8 [dim, columns] of -63 to 63, scales float32 [columns],
   * y float32 [rows, columns]; sums exact, and y within two roundings. All four are views of one
   * memory. It may return a promise.
   */
  readonly source: string;
  /** Passed to the function; must survive `structuredClone`. */
  readonly data?: unknown;
}

export interface ThreadOptions {
  /** Default: the processor's cores, as `availableParallelism()` counts them. */
  readonly threads?: number;
  /** For wide vectors. Default: WebAssembly for all. */
  readonly product?: ByteProduct;
}

/**
 * The WebAssembly kernels on several threads of Node.js; codes and distances are those of the
 * reference kernels. Small problems, codebooks of more than 2^24 numbers and engines without
 * WebAssembly SIMD go to the portable kernels on the caller's thread.
 *
 * Threads start at the first call that needs them and do not keep an idle process alive; calls that
 * overlap run one after another. Memory beyond the caller's arrays: 24 MiB, the codebook once, and
 * twice per thread; for a plan up to 128 MiB per thread.
 *
 * @throws ArgumentError if `threads` is not a whole number from 1 to 256
 */
export function createThreadedKernels(options: ThreadOptions = {}): AsyncKernels {
  const { threads = Math.min(256, availableParallelism()), product } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new ArgumentError("threads", {
      expected: "a whole number from 1 to 256",
      got: String(threads),
      remedy: "Leave it out for one thread per core.",
    });
  }
  let workers: Worker[] = [];
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;

  const start = (module: WebAssembly.Module): void => {
    while (workers.length < threads) {
      // Flags such as --import would load the caller's whole program again.
      const worker = new Worker(WORKER_SOURCE, {
        eval: true,
        workerData: { module, product },
        execArgv: [],
      });
      worker.unref();
      // One that dies between calls (out of memory) is replaced by the next call.
      worker.on("error", () => undefined);
      worker.on("exit", () => {
        workers = workers.filter((other) => other !== worker);
      });
      workers.push(worker);
    }
  };
  /** Sends a job to every thread; resolves when all are done. The process waits meanwhile. */
  const all = async (job: object | ((worker: Worker) => object)): Promise<void> => {
    const current = workers;
    try {
      await Promise.all(
        current.map((worker) => answer(worker, typeof job === "function" ? job(worker) : job)),
      );
    } catch (error) {
      // A thread that failed may hold anything; the next call starts new ones.
      workers = workers.filter((worker) => !current.includes(worker));
      await Promise.all(current.map((worker) => worker.terminate()));
      throw error;
    }
  };

  /** Memory that all threads see, kept from call to call; two of each, so that one fills while one is read. */
  const buffers = new Map<string, SharedArrayBuffer>();
  const memory = (name: string, numbers: number): SharedArrayBuffer => {
    let found = buffers.get(name);
    if (found === undefined || found.byteLength < numbers * 4) {
      found = new SharedArrayBuffer(numbers * 4);
      if (numbers <= SLICE_NUMBERS) buffers.set(name, found);
    }
    return found;
  };

  /** The plan that a thread has in its memory. */
  const plans = new WeakMap<Worker, number>();

  const runTiles = async (
    module: WebAssembly.Module,
    plan: TilePlan,
    vectors: Matrix,
    out: Int32Array,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    if (closed) throw closedError();
    start(module);
    const [rows, dim] = vectors.shape;
    const { tile, width } = plan;
    const isShared = vectors.data.buffer instanceof SharedArrayBuffer;
    const slice = Math.min(rows, Math.max(16 * tile, Math.floor(SLICE_NUMBERS / dim)));
    for (let first = 0; first < rows; first += slice) {
      signal?.throwIfAborted();
      const count = Math.min(slice, rows - first);
      const part = vectors.data.subarray(first * dim, (first + count) * dim);
      const x = isShared ? part : new Float32Array(memory("x0", slice * dim), 0, part.length);
      if (!isShared) x.set(part);
      const codes = new Int32Array(memory("i0", slice * width), 0, count * width);
      const next = new Int32Array(new SharedArrayBuffer(4));
      const tiles = { vectors: x, rows: count, out: codes, next };
      await all((worker) => {
        if (plans.get(worker) === plan.id) return { tiles };
        plans.set(worker, plan.id);
        return { plan, tiles };
      });
      out.set(codes, first * width);
    }
  };

  const run = async (
    module: WebAssembly.Module,
    vectors: Matrix,
    codebook: Matrix,
    signal: AbortSignal | undefined,
    subtract = false,
  ): Promise<NearestResult> => {
    if (closed) throw closedError();
    start(module);
    const [rows, dim] = vectors.shape;
    const least = isRelaxed()
      ? (product?.minRelaxedDim ?? Infinity)
      : (product?.minDim ?? Infinity);
    const bytes = dim >= least;
    const place = (bytes ? byteLayout : searchLayout)(codebook.shape[0], dim);
    const isShared = vectors.data.buffer instanceof SharedArrayBuffer;
    // Four slices, so that copying one goes on beside searching another, where there is much to copy.
    const most = Math.max(place.tile, Math.floor(SLICE_NUMBERS / dim));
    const parts = rows * dim > WHOLE_NUMBERS ? 4 : 1;
    const slice = isShared
      ? Math.min(rows, 8 * most)
      : Math.min(most, Math.max(16 * place.tile, Math.ceil(rows / parts)), rows);
    const size = codebook.shape[0];
    const codes = new Float32Array(memory("c", size * dim), 0, size * dim);
    codes.set(codebook.data.subarray(0, size * dim));
    const take = (first: number, turn: number) => {
      const count = Math.min(slice, rows - first);
      const part = vectors.data.subarray(first * dim, (first + count) * dim);
      const x = isShared ? part : new Float32Array(memory(`x${turn}`, slice * dim), 0, part.length);
      if (!isShared) x.set(part);
      return {
        vectors: x,
        rows: count,
        indices: new Int32Array(memory(`i${turn}`, slice), 0, count),
        distances: new Float32Array(memory(`d${turn}`, slice), 0, count),
        next: new Int32Array(new SharedArrayBuffer(4)),
        maxReach: MAX_REACH,
        minRadius: MIN_RADIUS,
        subtract,
      };
    };
    for (const worker of workers) plans.delete(worker);
    const mean = codebookMean(codebook);
    const found = prunedSearch(rows, codebook, mean);
    // Bytes are multiplied about twice as fast as int16.
    const share = bytes && !isRelaxed() ? 0.5 : 1;
    const pruned = found && { ...found, limit: found.place.limit * share };
    let prepare: object | undefined = { place, mean, codebook: codes, pruned };
    const indices = new Int32Array(rows);
    const distances = new Float32Array(rows);
    let job = take(0, 0);
    for (let first = 0, turn = 0; first < rows; first += slice) {
      signal?.throwIfAborted();
      const running = all({ prepare, search: job });
      prepare = undefined;
      const done = job;
      turn = 1 - turn;
      if (first + slice < rows) job = take(first + slice, turn);
      await running;
      indices.set(done.indices, first);
      distances.set(done.distances, first);
      if (subtract && !isShared) vectors.data.set(done.vectors, first * dim);
    }
    let isChecked = false;
    // Tiles that the threads handed back, in whole runs.
    for (let n = 0; n < rows; n++) {
      if (indices[n] !== -1) continue;
      let end = n;
      while (end < rows && indices[end] === -1) end++;
      // Too far out, or no numbers: looked for only here, since the threads see every vector.
      if (!isChecked) checkMatrix(vectors, dim, "vectors");
      isChecked = true;
      const part = nearestByDefinition(
        { data: vectors.data.subarray(n * dim, end * dim), shape: [end - n, dim] },
        codebook,
      );
      indices.set(part.indices, n);
      distances.set(part.distances, n);
      if (subtract) takeWordsOff(vectors, codebook, indices, n, end);
      n = end - 1;
    }
    return { indices, distances };
  };

  const search = async (
    vectors: Matrix,
    codebook: Matrix,
    signal: AbortSignal | undefined,
    subtract: boolean,
  ): Promise<NearestResult> => {
    if (closed) throw closedError();
    signal?.throwIfAborted();
    const [rows, dim] = vectors.shape;
    const size = codebook.shape[0];
    const module = threadsModule();
    const work = rows * size * dim;
    if (module === undefined || work < MIN_WORK || size * dim > CHUNK_NUMBERS) {
      const result = portableKernels().nearest(vectors, codebook);
      if (subtract) takeWordsOff(vectors, codebook, result.indices, 0, rows);
      return result;
    }
    checkMatrix(codebook, undefined, "codebook");
    checkMatrixShape(vectors, codebook.shape[1], "vectors");
    const result = queue.then(() => run(module, vectors, codebook, signal, subtract));
    queue = result.catch(() => undefined);
    return result;
  };

  return {
    name: `wasm-simd-${threads}-threads`,
    nearest: (vectors, codebook, signal) => search(vectors, codebook, signal, false),
    takeOff: (vectors, codebook, signal) => search(vectors, codebook, signal, true),
    async runPlan(plan, vectors, out, signal) {
      signal?.throwIfAborted();
      const module = threadsModule();
      if (module === undefined) throw new Error("a plan without WebAssembly");
      const result = queue.then(() => runTiles(module, plan, vectors, out, signal));
      queue = result.catch(() => undefined);
      return result;
    },
    async close() {
      closed = true;
      await queue;
      const open = workers;
      workers = [];
      await Promise.all(open.map((worker) => worker.terminate()));
    },
  };
}

/** The module that threads run: at their first use, for it takes some milliseconds to compile. */
function threadsModule(): WebAssembly.Module | undefined {
  useRelaxedSimd();
  return nearestModule();
}

/** Rows [first, end) less their codewords. */
function takeWordsOff(
  { data, shape: [, dim] }: Matrix,
  codebook: Matrix,
  indices: Int32Array,
  first: number,
  end: number,
): void {
  const words = codebook.data;
  for (let n = first, at = first * dim; n < end; n++) {
    const from = indices[n]! * dim;
    for (let c = from; c < from + dim; c++) data[at++]! -= words[c]!;
  }
}

function closedError(): DtokError {
  return new DtokError("closed", "kernels", {
    expected: "open kernels",
    got: "ones that were closed",
    remedy: "Create new ones.",
  });
}

function answer(worker: Worker, job: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (failure: unknown): void => {
      worker.off("message", done).off("error", reject).off("exit", gone).unref();
      if (typeof failure === "string") reject(new Error(`a worker thread failed: ${failure}`));
      else resolve();
    };
    const gone = (code: number): void => reject(new Error(`a worker thread ended with ${code}`));
    worker.ref();
    worker.on("message", done).on("error", reject).on("exit", gone);
    worker.postMessage(job, []);
  });
}
