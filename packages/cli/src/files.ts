import { open, readFile, rename, rm, stat } from "node:fs/promises";
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
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
