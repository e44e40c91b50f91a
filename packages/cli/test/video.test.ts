import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { node, root } from "./run.js";

const ffmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;

describe.skipIf(!ffmpeg)("dtok with clips", () => {
  const folder = mkdtempSync(join(tmpdir(), "dtok-cli-video-"));
  const at = (name: string) => join(folder, name);
  const dtok = (...args: string[]) =>
    spawnSync(process.execPath, [...node, ...args], { cwd: root, encoding: "utf8" });
  beforeAll(() => {
    const source = "testsrc=s=80x48:r=10:d=1";
    const made = spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", source, at("clip.mp4")]);
    if (made.status !== 0) throw new Error(String(made.stderr));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("encodes, decodes and measures a clip", () => {
    const encoded = dtok("encode", at("clip.mp4"), "-o", at("clip.tokens.safetensors"), "--json");
    expect(encoded.stderr).toBe("");
    expect(JSON.parse(encoded.stdout)).toMatchObject([
      { tokenizer: "video/clip-8x", grid: [4, 3, 5], frames: 10 },
    ]);
    const decoded = dtok("decode", at("clip.tokens.safetensors"), "-o", at("back.mp4"), "--json");
    expect(decoded.stderr).toBe("");
    expect(JSON.parse(decoded.stdout)).toMatchObject({
      frames: 10,
      width: 80,
      height: 48,
      fps: 10,
    });
    const measured = dtok("eval", at("clip.mp4"), "-d", at("compare"), "--json");
    expect(measured.stderr).toBe("");
    const { results } = JSON.parse(measured.stdout) as { results: { psnr: number }[] };
    expect(results[0]!.psnr).toBeGreaterThan(10);
    expect(readdirSync(at("compare")).toSorted()).toEqual(["clip.compare.mp4", "clip.strip.png"]);
  }, 120_000);

  it("leaves no child, no file and no folder behind at Ctrl-C", async () => {
    // Half an hour of it, as one long file, so that it is surely under way when it is stopped.
    const long = ["-stream_loop", "1800", "-i", at("clip.mp4"), "-c", "copy", at("long.mp4")];
    expect(spawnSync("ffmpeg", ["-v", "error", ...long]).status).toBe(0);
    const before = readdirSync(folder).toSorted();
    const child = spawn(
      process.execPath,
      [...node, "encode", at("long.mp4"), "-o", at("long.tokens.safetensors")],
      { cwd: root, stdio: ["ignore", "ignore", "pipe"] },
    );
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
    const exit = new Promise<number | null>((done) => child.once("close", done));
    // The decoder of the file reading.
    const decoders = () =>
      spawnSync("ps", ["-A", "-o", "pid=,args="], { encoding: "utf8" })
        .stdout.split("\n")
        .filter((row) => row.includes("ffmpeg") && row.includes(at("long.mp4")));
    const until = Date.now() + 60_000;
    while (decoders().length === 0 && child.exitCode === null && Date.now() < until) {
      await new Promise((done) => setTimeout(done, 50));
    }
    expect(decoders()).not.toEqual([]);
    child.kill("SIGINT");
    expect(await exit).toBe(130);
    expect(said).toMatch(/interrupted/);
    expect(decoders()).toEqual([]);
    expect(readdirSync(folder).toSorted()).toEqual(before);
  }, 120_000);

  it("says what is wrong and writes nothing", () => {
    const failed = dtok("encode", at("missing.mp4"), "-o", at("never.safetensors"));
    expect(failed.status).toBe(1);
    expect(failed.stderr).toMatch(/expected a file that can be read/);
    expect(existsSync(at("never.safetensors"))).toBe(false);
    const piped = dtok("decode", at("clip.tokens.safetensors"), "-o", at("x.gif"));
    expect(piped.status).toBe(1);
    expect(piped.stderr).toMatch(/\.mp4/);
  }, 120_000);
});
