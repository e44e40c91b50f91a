// The command as a process of its own, as its tests need it: on source, or, where DTOK_TEST_BUILT is set (`npm
// test` does, having built), on what is published, which starts in a fifth of the time.
import { execFile } from "node:child_process";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..", "..", "..");

const cli = join(root, "packages", "cli");

/** What Node.js needs to run dtok; tsx resolves from the repository's root, so paths are absolute. */
export const node = process.env.DTOK_TEST_BUILT
  ? [join(cli, "bin", "dtok.js")]
  : ["--import", "tsx", "--conditions=@dtok/source", join(cli, "src", "bin.ts")];

export interface Outcome<Text = Buffer> {
  readonly code: number;
  readonly stdout: Text;
  readonly stderr: string;
}

/** Runs dtok, with `input` on its standard input. */
export function dtok(args: readonly string[], input?: Uint8Array): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...node, ...args],
      { cwd: root, encoding: "buffer", maxBuffer: 1 << 28 },
      (error, stdout, stderr) => {
        const code = error ? Number((error as { code?: number }).code ?? 1) : 0;
        resolve({ code, stdout, stderr: stderr.toString() });
      },
    );
    child.stdin?.end(input);
  });
}

/** `dtok <command> …`, with its output as text. */
export const subcommand =
  (command: string) =>
  async (...args: string[]): Promise<Outcome<string>> => {
    const { stdout, ...rest } = await dtok([command, ...args]);
    return { ...rest, stdout: stdout.toString() };
  };
