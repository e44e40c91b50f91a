import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTokenGrid } from "@dtok/core";
import { encodeWav, readAudio, siSdr } from "@dtok/audio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dtok, root } from "./run.js";

const sample = (name: string) => join(root, "packages", "audio", "test", "fixtures", name);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dtok-cli-audio-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("dtok with sounds", { timeout: 300_000 }, () => {
  it("encodes an MP3 by what it is, decodes it to a WAV of its length and rate", async () => {
    const tokens = join(folder, "tone.tokens.safetensors");
    const back = join(folder, "tone.wav");
    const encoded = await dtok(["encode", sample("tone.mp3"), "-o", tokens]);
    expect(encoded.stdout.toString()).toMatch(/0\.50 s, \d+ codes, [\d.]+ kbit\/s/);
    const grid = loadTokenGrid(readFileSync(tokens));
    expect([grid.tokenizer, grid.side.length]).toEqual(["audio/sound-16k", 22_050]);
    expect((await dtok(["decode", tokens, "-o", back])).code).toBe(0);
    const { samples, sampleRate } = await readAudio(back);
    expect([samples[0]!.length, sampleRate]).toEqual([22_050, 44_100]);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("works through pipes, with a bit rate, and gives the tokens of the file", async () => {
    const bytes = readFileSync(sample("tone.flac"));
    const piped = await dtok(["encode", "-", "--bitrate", "3"], bytes);
    const grid = loadTokenGrid(piped.stdout);
    expect(grid.codebookSizes.length).toBe(6);
    const named = join(folder, "six.tokens.safetensors");
    await dtok(["encode", sample("tone.flac"), "--levels", "6", "-o", named]);
    expect(loadTokenGrid(readFileSync(named)).codes).toEqual(grid.codes);
    const decoded = await dtok(["decode", "-"], piped.stdout);
    expect((await readAudio(decoded.stdout)).samples[0]).toHaveLength(22_050);
  });

  it("keeps channels apart when asked to, and decodes by fewer levels", async () => {
    const tokens = join(folder, "stereo.tokens.safetensors");
    await dtok(["encode", sample("tone.ogg"), "--channels", "keep", "-o", tokens]);
    expect(loadTokenGrid(readFileSync(tokens)).shape[1]).toBe(2);
    const wholes: number[] = [];
    const reference = await readAudio(sample("tone.ogg"));
    for (const levels of ["1", "12"]) {
      const out = await dtok(["decode", tokens, "--levels", levels, "--bits", "24", "-o", "-"]);
      const back = await readAudio(out.stdout);
      expect(back.samples).toHaveLength(2);
      wholes.push(siSdr(reference, back));
    }
    expect(wholes[1]).toBeGreaterThan(wholes[0]!);
  });

  it("lists, measures, and says what is wrong", async () => {
    expect((await dtok(["list"])).stdout.toString()).toContain("audio/sound-16k");
    const measured = await dtok(["eval", sample("tone24.wav"), "--json"]);
    const { results } = JSON.parse(measured.stdout.toString()) as {
      results: { melDistance: number; bitsPerSecond: number }[];
    };
    expect(results[0]!.melDistance).toBeGreaterThan(0);
    // Two channels of 6 kbit/s, and the side values.
    expect(results[0]!.bitsPerSecond).toBeGreaterThan(12_000);

    const wav = encodeWav({ samples: [new Float32Array(8000)], sampleRate: 8000 });
    const cut = join(folder, "cut.wav");
    writeFileSync(cut, wav.subarray(0, 5000));
    const kept = join(folder, "kept.safetensors");
    writeFileSync(kept, "good");
    const outcome = await dtok(["encode", cut, "-o", kept, "--json"]);
    expect(outcome.code).toBe(1);
    expect(JSON.parse(outcome.stdout.toString())).toMatchObject({ error: { code: "format" } });
    expect(readFileSync(kept, "utf8")).toBe("good");
    const photo = join(root, "samples", "cat.jpg");
    for (const [args, message] of [
      [["encode", photo, sample("tone.mp3")], "pictures and sounds"],
      [["encode", photo, "--bitrate", "6"], "--bitrate is for sounds"],
      [["encode", sample("tone.mp3"), "--bitrate", "x"], "kbit/s above 0"],
    ] as const) {
      const wrong = await dtok(args);
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    const little = await dtok(["encode", sample("tone.mp3"), "--bitrate", "0.1"]);
    expect([little.code, little.stderr]).toEqual([1, expect.stringContaining("one level")]);
  });
});
