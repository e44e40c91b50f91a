import { open, readFile, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { ArgumentError, isDtokError, LimitError } from "@dtok/core";

/** Token files and models are far smaller; more than this is a mistake. */
const MAX_INPUT = 2 ** 31 - 1;

/** A file's bytes, or standard input's for "-". */
export async function readInput(path: string): Promise<Uint8Array> {
  if (path === "-") {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of process.stdin) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      checkSize(size, "standard input");
    }
    return Buffer.concat(chunks);
  }
  try {
    checkSize((await stat(path)).size, path);
    return await readFile(path);
  } catch (error) {
    if (isDtokError(error)) throw error;
    throw new ArgumentError(path, {
      expected: "a file that can be read",
      got: (error as Error).message,
      remedy: "Check the path.",
      cause: error,
    });
  }
}

function checkSize(size: number, what: string): void {
  if (size <= MAX_INPUT) return;
  throw new LimitError(what, {
    expected: `at most ${MAX_INPUT} bytes`,
    got: `${size} bytes`,
    remedy: "Split the input.",
  });
}

/** Writes a whole file or none; "-" is standard output. */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  if (path === "-") {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    return;
  }
  const file = await OutputFile.create(path);
  try {
    await file.write(bytes);
    await file.commit();
  } finally {
    await file.discard();
  }
}

/** A file written piece by piece under a temporary name; `commit` gives it its own. */
export class OutputFile {
  private constructor(
    private readonly path: string,
    private readonly temporary: string,
    private readonly file: FileHandle,
    private open = true,
  ) {}

  static async create(path: string): Promise<OutputFile> {
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      return new OutputFile(path, temporary, await open(temporary, "w"));
    } catch (error) {
      throw new ArgumentError(path, {
        expected: "a place that can be written",
        got: (error as Error).message,
        remedy: "Check the folder and its permissions.",
        cause: error,
      });
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.file.writeFile(bytes);
  }

  async commit(): Promise<void> {
    await this.file.sync();
    await this.file.close();
    this.open = false;
    await rename(this.temporary, this.path);
  }

  /** Leaves nothing behind, unless it was committed. */
  async discard(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.file.close();
    await rm(this.temporary, { force: true });
  }
}
