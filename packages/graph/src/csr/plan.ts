/**
 * Work over the rows of a graph, written once and run on the caller's thread or on many.
 *
 * A kernel does rows `from` to `to` (exclusive). It writes to its own rows alone and reads nothing that
 * another row writes in the same step, so the result does not depend on how rows are shared out. It runs
 * in other threads from its own source text: it may use its arguments and the language's globals, and
 * nothing else of this package. `local` is an object of the thread's own that lasts for the step.
 */
export type Kernel<J extends object> = (
  job: J,
  from: number,
  to: number,
  local: Record<string, unknown>,
) => void;

export interface Step {
  /** What it does, for people. */
  readonly label: string;
  // A step of any job: the plan that yields it has checked that the two belong together.
  readonly kernel: Kernel<never>;
  readonly job: object;
  readonly rows: number;
  /** Rows that one call takes. */
  readonly chunk: number;
}

/** Steps one after another, and what they come to. */
export type Plan<T> = Generator<Step, T, void>;

/** Rows of a step that one call takes, unless the step says otherwise. */
export const CHUNK = 4096;

export function step<J extends object>(
  label: string,
  kernel: Kernel<J>,
  job: J,
  rows: number,
  chunk = CHUNK,
): Step {
  return { label, kernel: kernel as Kernel<never>, job, rows, chunk };
}

/** Runs a plan on this thread. */
export function runHere<T>(plan: Plan<T>): T {
  for (;;) {
    const { done, value } = plan.next();
    if (done) return value;
    const kernel = value.kernel as Kernel<object>;
    const local = {};
    for (let from = 0; from < value.rows; from += value.chunk) {
      kernel(value.job, from, Math.min(value.rows, from + value.chunk), local);
    }
  }
}
