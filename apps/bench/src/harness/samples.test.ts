import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "dtok-samples-"));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it("takes samples from the folder that is named, and says what is not there", async () => {
  writeFileSync(join(folder, "a.jpg"), "");
  vi.stubEnv("DTOK_BENCH_SAMPLES", folder);
  vi.resetModules();
  const { sampleFiles, sampleFilesNamed } = await import("./samples.js");
  expect(sampleFiles(".jpg")).toEqual([join(folder, "a.jpg")]);
  expect(sampleFilesNamed("a.jpg")).toEqual([join(folder, "a.jpg")]);
  for (const missing of [() => sampleFiles(".wav"), () => sampleFilesNamed("films.csv")]) {
    expect(missing).toThrow(
      expect.objectContaining({
        code: "missing",
        remedy: expect.stringContaining("DTOK_BENCH_SAMPLES"),
      }),
    );
  }
});
