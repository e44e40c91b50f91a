import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { ArgumentError, DtokError } from "@dtok/core";
import type { Plan, Step } from "../csr/plan.js";

export interface GraphThreadOptions {
  /** Default: the processor's cores, as `availableParallelism()` counts them. */
  readonly threads?: number;
}

export interface RunOptions {
  /** Threads stop where they are, and the plan is given up. */
  readonly signal?: AbortSignal;
  /** How far the step of that name has come, a few times a second. */
  readonly onProgress?: (label: string, done: number, rows: number) => void;
}

/** Threads of Node.js that work on the rows of graphs. */
export interface GraphThreads {
  readonly threads: number;
  /**
   * Runs a plan: `threads.run(NodePiece.plan(graph, options))`. The result is the one of a single thread,
   * bit by bit. The graph's arrays are shared, none is copied. Runs that overlap follow one another.
   */
  run<T>(plan: Plan<T>, options?: RunOptions): Promise<T>;
  close(): Promise<void>;
}

/**
 * What a thread runs: CommonJS as text, since the path of a file beside this one does not survive
 * bundlers. A kernel comes as its own source text; `__name` is what esbuild puts around functions.
 */
const WORKER_SOURCE = `
const { parentPort } = require("node:worker_threads");
globalThis.__name = (value) => value;
const kernels = new Map();
parentPort.on("message", ({ source, job, rows, chunk, next }) => {
  try {
    if (!kernels.has(source)) kernels.set(source, (0, eval)("(" + source + ")"));
    const kernel = kernels.get(source);
    const local = {};
    for (;;) {
      const from = Atomics.add(next, 0, 1) * chunk;
      if (from >= rows) break;
      kernel(job, from, Math.min(rows, from + chunk), local);
    }
    parentPort.postMessage(null);
  } catch (error) {
    parentPort.postMessage(String(error));
  }
});
`;

/** Rows below which a message to another thread costs more than it saves. */
const MIN_ROWS = 8192;
const PROGRESS_MS = 100;

/**
 * Threads start at the first step that needs them and do not keep an idle process alive.
 *
 * @throws ArgumentError if `threads` is not a whole number from 1 to 256
 */
export function createGraphThreads(options: GraphThreadOptions = {}): GraphThreads {
  const { threads = Math.min(256, availableParallelism()) } = options;
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

  const stop = async (): Promise<void> => {
    const open = workers;
    workers = [];
    await Promise.all(open.map((worker) => worker.terminate()));
  };
  const start = (): void => {
    while (workers.length < threads) {
      // Flags such as --import would load the caller's whole program again.
      const worker = new Worker(WORKER_SOURCE, { eval: true, execArgv: [] });
      worker.unref();
      // One that dies between steps (out of memory) is replaced by the next step.
      worker.on("error", () => undefined);
      worker.on("exit", () => {
        workers = workers.filter((other) => other !== worker);
      });
      workers.push(worker);
    }
  };

  const runStep = async (step: Step, { signal, onProgress }: RunOptions): Promise<void> => {
    const { kernel, job, rows, chunk, label } = step;
    // Small steps, and arrays that other threads would get copies of, stay on this thread.
    if (threads === 1 || (rows < MIN_ROWS && chunk > 1) || !isShared(job)) {
      const local = {};
      for (let from = 0; from < rows; from += chunk) {
        signal?.throwIfAborted();
        (kernel as (...args: unknown[]) => void)(job, from, Math.min(rows, from + chunk), local);
      }
      onProgress?.(label, rows, rows);
      return;
    }
    start();
    const next = new Int32Array(new SharedArrayBuffer(4));
    const tell = () => onProgress?.(label, Math.min(rows, Atomics.load(next, 0) * chunk), rows);
    const timer = onProgress && setInterval(tell, PROGRESS_MS);
    const give = () => void stop();
    signal?.addEventListener("abort", give, { once: true });
    try {
      const task = { source: kernel.toString(), job, rows, chunk, next };
      await Promise.all(workers.map((worker) => answer(worker, task)));
      onProgress?.(label, rows, rows);
    } catch (error) {
      // A thread that failed may hold anything; the next step starts new ones.
      await stop();
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", give);
    }
  };

  const run = async <T>(plan: Plan<T>, options: RunOptions): Promise<T> => {
    for (;;) {
      options.signal?.throwIfAborted();
      const { done, value } = plan.next();
      if (done) return value;
      await runStep(value, options);
    }
  };

  return {
    threads,
    run<T>(plan: Plan<T>, options: RunOptions = {}): Promise<T> {
      if (closed) {
        return Promise.reject(
          new DtokError("closed", "graph threads", {
            expected: "open threads",
            got: "ones that were closed",
            remedy: "Create new ones.",
          }),
        );
      }
      const result = queue.then(() => run(plan, options));
      queue = result.catch(() => undefined);
      return result;
    },
    async close() {
      closed = true;
      await queue;
      await stop();
    },
  };
}

/** Whether no array of a job would be copied on its way to another thread. */
function isShared(value: unknown): boolean {
  if (ArrayBuffer.isView(value)) return value.buffer instanceof SharedArrayBuffer;
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isShared);
}

function answer(worker: Worker, task: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (failure: unknown): void => {
      worker.off("message", done).off("error", reject).off("exit", gone).unref();
      if (typeof failure === "string") reject(new Error(`a thread failed: ${failure}`));
      else resolve();
    };
    const gone = (code: number): void => reject(new Error(`a thread ended with ${code}`));
    worker.ref();
    worker.on("message", done).on("error", reject).on("exit", gone);
    worker.postMessage(task, []);
  });
}
