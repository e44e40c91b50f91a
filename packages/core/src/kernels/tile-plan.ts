/*
 * A search of tiles of vectors as data: what memory of the WebAssembly module holds, and which of its
 * functions run on each tile. The same plan runs on the caller's thread (`PlanRunner`) and on worker
 * threads (node/worker.ts), so both give the same codes.
 */
import type { TilePlan } from "../spec/kernels.js";
import { instance } from "./module.js";

/** A plan that needs more memory than this is run by one thread only. */
export const MAX_THREAD_BYTES = 1 << 27;
/** Beyond this no plan is made. */
export const MAX_PLAN_BYTES = 1.5 * 2 ** 30;

let nextId = 1;

/** A plan with an id of its own. */
export function tilePlan(plan: Omit<TilePlan, "id">): TilePlan {
  return { id: nextId++, ...plan };
}

/** Runs a plan on the caller's thread, in memory of its own. */
export class PlanRunner {
  readonly #own: ReturnType<typeof instance>;

  constructor(readonly plan: TilePlan) {
    this.#own = instance(plan.bytes, true);
    const { buffer } = this.#own.memory;
    for (const [at, values] of plan.data) {
      new Uint8Array(buffer, at, values.byteLength).set(
        new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      );
    }
    for (const [name, ...args] of plan.prepare) this.#call(name, args);
  }

  #call(name: string, args: readonly number[]): void {
    (this.#own as unknown as Record<string, (...args: readonly number[]) => void>)[name]!(...args);
  }

  /** Codes of rows [count, dim] from row `first` on into `out` [count, width]. */
  run(rows: Float32Array, first: number, count: number, out: Int32Array): void {
    const { tile, dim, width, x, codes, run } = this.plan;
    const floats = new Float32Array(this.#own.memory.buffer);
    const ints = new Int32Array(this.#own.memory.buffer);
    for (let at = 0; at < count; at += tile) {
      const n = Math.min(tile, count - at);
      floats.set(rows.subarray((first + at) * dim, (first + at + n) * dim), x >> 2);
      for (const [name, p] of run) this.#call(name, [p!, n]);
      out.set(ints.subarray(codes >> 2, (codes >> 2) + n * width), at * width);
    }
  }
}
