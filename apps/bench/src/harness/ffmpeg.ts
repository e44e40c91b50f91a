import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Reference lines by an installed ffmpeg, in a folder that goes away; what is made before a missing
 * encoder is kept, and without an ffmpeg there are none: what is installed is not an entry's fault.
 */
export async function withFfmpeg(
  work: (ffmpeg: (...args: string[]) => void, folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "dtok-bench-"));
  const ffmpeg = (...args: string[]) => {
    execFileSync("ffmpeg", ["-v", "error", "-y", ...args], { stdio: ["ignore", "ignore", "pipe"] });
  };
  try {
    ffmpeg("-version");
    await work(ffmpeg, folder);
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: Buffer };
    const unknown = /Unknown encoder/.test(stderr?.toString() ?? "");
    if (code !== "ENOENT" && !unknown) throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
