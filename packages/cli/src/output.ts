import { isDtokError } from "@dtok/core";
import { InvalidArgumentError } from "commander";

/** Exit codes: 0 done, 1 the work failed, 2 wrong usage, 130 interrupted. */
export const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const;

/** Aborted by Ctrl-C or a termination signal; work stops at the next step and leaves whole files only. */
export const interruption = new AbortController();

export function watchSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      interruption.abort(new Error("interrupted"));
      // A second Ctrl-C does not wait.
      process.once(signal, () => process.exit(EXIT.interrupted));
    });
  }
  // A reader that goes away (`dtok … | head`) is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Reports an error in words (or as JSON) and sets the exit code. */
export function report(error: unknown, json: boolean): void {
  if (interruption.signal.aborted) {
    process.stderr.write("interrupted; nothing half-written was left\n");
    process.exitCode = EXIT.interrupted;
    return;
  }
  process.exitCode = EXIT.failed;
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    const parts = isDtokError(error)
      ? { code: error.code, expected: error.expected, got: error.got, remedy: error.remedy }
      : { code: "error" };
    printJson({ error: { message, ...parts } });
    return;
  }
  process.stderr.write(`error: ${message}\n`);
  if (!isDtokError(error) && process.env.DTOK_DEBUG && error instanceof Error) {
    process.stderr.write(`${error.stack}\n`);
  }
}

export function wholeNumber(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected a whole number from ${least}, got ${text}`);
    }
    return value;
  };
}

export interface Progress {
  update(done: number, total: number, note?: string): void;
  stop(): void;
}

/** A bar on the terminal's error stream; silent in pipes, under --json and for work that is over at once. */
export async function progressBar(title: string, json: boolean): Promise<Progress> {
  if (json || !process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const { default: cliProgress } = await import("cli-progress");
  const bar = new cliProgress.SingleBar(
    {
      format: `${title} {bar} {percentage}%  {note}  {left}`,
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
    },
    cliProgress.Presets.shades_classic,
  );
  let started = false;
  let step = { note: "", from: 0, began: 0 };
  return {
    update(done, total, note = "") {
      const now = performance.now();
      // Every step has a pace of its own.
      if (!started || note !== step.note) step = { note, from: done, began: now };
      const left = timeLeft(done - step.from, total - done, now - step.began);
      if (!started) bar.start(total, done, { note, left });
      else {
        bar.setTotal(total);
        bar.update(done, { note, left });
      }
      started = true;
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

/** "25 s left", from how much took how long (ms); nothing while that says little. */
function timeLeft(done: number, rest: number, elapsed: number): string {
  if (done <= 0 || rest <= 0 || elapsed < 500) return "";
  const seconds = Math.ceil((rest * elapsed) / done / 1000);
  if (seconds < 60) return `${seconds} s left`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min left` : `${Math.round(minutes / 60)} h left`;
}

/** Rows under headings; numbers are set to the right. */
export async function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  const { default: Table } = await import("cli-table3");
  // Numbers, with units or not, stand to the right.
  const isNumber = head.map((_, i) => rows.every((row) => /^[-\d–]/.test(row[i] ?? "")));
  const made = new Table({
    head: [...head],
    style: { head: process.stdout.isTTY ? ["bold"] : [], border: [], compact: true },
    colAligns: isNumber.map((right) => (right ? "right" : "left")),
  });
  for (const row of rows) made.push([...row]);
  return made.toString();
}
