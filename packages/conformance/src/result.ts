export interface CheckResult {
  readonly name: string;
  readonly status: "pass" | "fail" | "skip";
  /** Why it failed or was skipped. */
  readonly reason?: string;
}

/** A check passes by returning, fails by throwing, and is skipped by throwing `skip(reason)`. */
export type Check<T> = readonly [name: string, run: (subject: T) => Promise<void> | void];

class Skip extends Error {}

export function skip(reason: string): never {
  throw new Skip(reason);
}

export function demand(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Error(reason);
}

/** Runs all checks; none of them can stop the others. */
export async function runChecks<T>(
  checks: readonly Check<T>[],
  subject: T,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const [name, run] of checks) {
    try {
      await run(subject);
      results.push({ name, status: "pass" });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      results.push({ name, status: error instanceof Skip ? "skip" : "fail", reason });
    }
  }
  return results;
}

/** Demands that work fails by one of dtok's typed errors. */
export async function demandTyped(
  work: () => unknown,
  isTyped: (error: unknown) => boolean,
  what: string,
): Promise<void> {
  let error: unknown;
  try {
    await work();
  } catch (reason) {
    error = reason;
  }
  demand(error !== undefined, `${what} was accepted`);
  demand(isTyped(error), `${what} gave an untyped error: ${String(error)}`);
}
