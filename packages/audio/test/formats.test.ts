import { spawnSync } from "node:child_process";
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { isDtokError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { afterAll, describe, expect, it, vi } from "vitest";
import { encodeWav, wavHeader } from "../src/formats/wav.js";
import { siSdr } from "../src/metrics/si-sdr.js";
import { openAudio, readAudio } from "../src/node/read.js";
import type { AudioInput } from "../src/node/read.js";
import { writeWav } from "../src/node/write.js";
import { tone } from "./signals.js";

const folder = mkdtempSync(join(tmpdir(), "dtok-audio-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Half a second: 440 Hz left, 880 Hz right, level 0.4; made by ffmpeg 5.1 (see the names' formats). */
const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));

async function failure(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isDtokError(error)) throw new Error(`expected a typed error, got ${String(error)}`);
  return error;
}

/** Level of a frequency in the inner half. */
function level(samples: Float32Array, sampleRate: number, hertz: number): number {
  const [from, to] = [samples.length >> 2, (samples.length * 3) >> 2];
  let [re, im] = [0, 0];
  for (let i = from; i < to; i++) {
    const phase = (2 * Math.PI * hertz * i) / sampleRate;
    re += samples[i]! * Math.cos(phase);
    im += samples[i]! * Math.sin(phase);
  }
  return (2 * Math.hypot(re, im)) / (to - from);
}

describe.each([
  ["tone.flac", 44_100, 22_050, 2],
  ["tone.mp3", 44_100, 22_050, 2],
  ["tone.ogg", 44_100, 22_050, 2],
  ["tone.opus", 48_000, 24_000, 2],
  ["tone24.wav", 44_100, 22_050, 2],
  ["tonef.wav", 44_100, 22_050, 2],
  ["tone8.wav", 8000, 4000, 2],
  ["tonelaw.wav", 8000, 4000, 1],
] as const)("%s", (name, rate, length, channels) => {
  const check = ({ samples, sampleRate }: AudioSignal) => {
    expect(sampleRate).toBe(rate);
    expect(samples.map((channel) => channel.length)).toEqual(Array(channels).fill(length));
    // The mono file holds both tones at half the level.
    expect(level(samples[0]!, rate, 440)).toBeCloseTo(channels === 1 ? 0.2 : 0.4, 1);
    expect(level(samples.at(-1)!, rate, 880)).toBeCloseTo(channels === 1 ? 0.2 : 0.4, 1);
    if (channels === 2) expect(level(samples[0]!, rate, 880)).toBeLessThan(0.02);
  };

  it("decodes with its length and its tones", async () => {
    const read = await readAudio(fixture(name));
    expect(read.samples).toHaveLength(channels);
    check(read);
  });

  it("decodes from pieces of odd sizes", async () => {
    const bytes = fixture(name);
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
    }
    const read = await readAudio(pieces());
    expect(read.samples).toHaveLength(channels);
    check(read);
  });

  it("is refused where it was cut short", async () => {
    const bytes = fixture(name);
    const error = await failure(readAudio(bytes.subarray(0, bytes.length >> 1)));
    expect(error.code).toBe("format");
    expect(error.message).toMatch(/cut short|without sound/);
  });
});

it.each(["tone.ogg", "tone.opus"])("%s is whole without a mark on its last page", async (name) => {
  // Files of many writers are so, those of Debian's klettres-data for example.
  const bytes = fixture(name);
  const last = Buffer.from(bytes).lastIndexOf("OggS");
  expect(bytes[last + 5]! & 4).toBe(4);
  bytes[last + 5]! &= ~4;
  // The page's checksum (RFC 3533, section 6).
  bytes.fill(0, last + 22, last + 26);
  let crc = 0;
  for (const byte of bytes.subarray(last)) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  new DataView(bytes.buffer).setUint32(last + 22, crc >>> 0, true);
  const wanted = (await readAudio(fixture(name))).samples[0]!.length;
  const { length } = (await readAudio(bytes)).samples[0]!;
  // Without the mark nothing says that the last block is cut.
  expect(length).toBeGreaterThanOrEqual(wanted);
  expect(length).toBeLessThan(wanted + 4096);
});

describe("AAC", () => {
  const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
  const withoutFfmpeg = async <T>(work: () => Promise<T>): Promise<T> => {
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      return await work();
    } finally {
      process.env.PATH = path;
    }
  };

  it("is decoded by what npm installs where there is no ffmpeg", async () => {
    // 22,050 samples as they were encoded; a bare stream has no word on delay and padding.
    for (const [name, length, delay] of [
      ["tone.m4a", 22_050, 0],
      ["tone.aac", 23 * 1024, 1024],
    ] as const) {
      const { samples, sampleRate } = await withoutFfmpeg(() => readAudio(fixture(name)));
      expect([sampleRate, samples.length, samples[0]!.length]).toEqual([44_100, 2, length]);
      const inside = samples.map((channel) => channel.slice(delay + 4000, delay + 18_000));
      expect(level(inside[0]!, sampleRate, 440)).toBeCloseTo(0.4, 1);
      expect(level(inside[1]!, sampleRate, 880)).toBeCloseTo(0.4, 1);
      if (hasFfmpeg) {
        const other = await readAudio(fixture(name));
        const short = { samples, sampleRate };
        const kept = other.samples.map((channel) => channel.subarray(0, length));
        expect(siSdr({ samples: kept, sampleRate }, short)).toBeGreaterThan(60);
      }
    }
  });

  it("cut short or broken is an error there, too", async () => {
    const wrong = fixture("tone.aac");
    wrong.fill(0x55, 900, 1500);
    for (const bytes of [
      fixture("tone.m4a").subarray(0, 3000),
      fixture("tone.aac").subarray(0, 3000),
      wrong,
    ]) {
      const error = await withoutFfmpeg(() => failure(readAudio(bytes)));
      expect(error.code).toBe("format");
    }
  });

  it("is named, with a way out, where there is neither", async () => {
    vi.resetModules();
    for (const name of ["mediabunny", "node-web-audio-api"]) {
      vi.doMock(name, () => {
        throw new Error("Cannot find package");
      });
    }
    try {
      const { decodeAacByModule } = await import("../src/node/aac-module.js");
      const error = await failure(decodeAacByModule(fixture("tone.m4a")));
      expect(error.code).toBe("missing");
      expect(error.message).toMatch(/AAC.*npm install node-web-audio-api/s);
    } finally {
      vi.doUnmock("mediabunny");
      vi.doUnmock("node-web-audio-api");
      vi.resetModules();
    }
  });

  it.skipIf(!hasFfmpeg)("is decoded by an installed ffmpeg, whole or in pieces", async () => {
    for (const name of ["tone.m4a", "tone.aac"]) {
      const bytes = fixture(name);
      const { samples, sampleRate } = await readAudio(bytes);
      expect([sampleRate, samples.length]).toEqual([44_100, 2]);
      expect(level(samples[0]!, sampleRate, 440)).toBeCloseTo(0.4, 1);
      expect(level(samples[1]!, sampleRate, 880)).toBeCloseTo(0.4, 1);
      const pieces = Readable.from([bytes.subarray(0, 700), bytes.subarray(700, 2000), bytes.subarray(2000)]); // prettier-ignore
      expect((await readAudio(pieces)).samples[0]).toEqual(samples[0]);
    }
  });

  it.skipIf(!hasFfmpeg)("cut short is an error, and leaves nothing behind", async () => {
    const left = () =>
      readdirSync(tmpdir()).filter((name) => name.startsWith("dtok-audio-")).length;
    const before = left();
    const error = await failure(readAudio(fixture("tone.m4a").subarray(0, 3000)));
    expect(error.code).toBe("format");
    expect(left()).toBe(before);
  });
});

describe("inputs", () => {
  const signal: AudioSignal = { samples: [tone(16_000, 440)], sampleRate: 16_000 };
  const wav = encodeWav(signal);
  const path = join(folder, "tone.wav");
  writeFileSync(path, wav);
  const forms: Record<string, () => AudioInput> = {
    "a path": () => path,
    "a file URL": () => pathToFileURL(path),
    "a file URL as text": () => pathToFileURL(path).href,
    bytes: () => wav,
    "a Buffer": () => Buffer.from(wav),
    "an ArrayBuffer": () => wav.buffer.slice(0) as ArrayBuffer,
    "a Blob": () => new Blob([wav as Uint8Array<ArrayBuffer>]),
    "a Node.js stream": () => createReadStream(path, { highWaterMark: 300 }),
    "a web stream": () => new Blob([wav as Uint8Array<ArrayBuffer>]).stream(),
    "a web stream of Node.js": () =>
      Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
  };
  it.each(Object.entries(forms))("%s", async (_, make) => {
    const read = await readAudio(make());
    expect(read.sampleRate).toBe(16_000);
    expect(read.samples[0]).toHaveLength(8000);
    const worst = read.samples[0]!.reduce(
      (most, v, i) => Math.max(most, Math.abs(v - signal.samples[0]![i]!)),
      0,
    );
    expect(worst).toBeLessThan(1 / 32_000);
  });

  it("samples as they are: a signal, mono, an AudioBuffer", async () => {
    const [samples] = signal.samples as [Float32Array];
    const buffer = {
      numberOfChannels: 2,
      length: samples.length,
      sampleRate: 48_000,
      getChannelData: () => samples,
    };
    expect((await readAudio(signal)).samples[0]).toEqual(samples);
    expect((await readAudio({ samples, sampleRate: 8000 })).sampleRate).toBe(8000);
    expect((await readAudio(buffer)).samples).toHaveLength(2);
  });

  it("an address", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/tone.wav") response.end(wav);
      else response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect((await readAudio(`${base}/tone.wav`)).samples[0]).toHaveLength(8000);
      expect((await readAudio(new URL(`${base}/tone.wav`))).samples[0]).toHaveLength(8000);
      expect((await failure(readAudio(`${base}/none.wav`))).message).toContain("404");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe("WAV out", () => {
  const signal: AudioSignal = {
    samples: [tone(22_050, 440), tone(22_050, 880)],
    sampleRate: 22_050,
  };
  it.each([
    [16, 1 / 65_000],
    [24, 1 / 16e6],
    [32, 0],
  ] as const)("of %i bits comes back", async (bits, error) => {
    const back = await readAudio(encodeWav(signal, { bits }));
    expect(back.sampleRate).toBe(22_050);
    for (const [c, channel] of signal.samples.entries()) {
      const worst = channel.reduce(
        (most, v, i) => Math.max(most, Math.abs(v - back.samples[c]![i]!)),
        0,
      );
      expect(worst).toBeLessThanOrEqual(error);
    }
  });

  it("clips what is too loud", async () => {
    const loud = { samples: [Float32Array.of(2, -2, 1, -1)], sampleRate: 8000 };
    for (const bits of [16, 24] as const) {
      const back = await readAudio(encodeWav(loud, { bits }));
      expect(Array.from(back.samples[0]!, (v) => Math.round(v * 100) / 100)).toEqual([
        1, -1, 1, -1,
      ]);
    }
  });

  it("is written in pieces, whole or not at all", async () => {
    const path = join(folder, "pieces.wav");
    const pieces = [0, 1, 2].map((n) => ({
      samples: signal.samples.map((channel) => channel.subarray(n * 1001, (n + 1) * 1001)),
      sampleRate: 22_050,
    }));
    await writeWav(path, pieces, { bits: 24 });
    expect((await readAudio(path)).samples[1]).toHaveLength(3003);
    const before = readFileSync(path);
    async function* failing() {
      yield pieces[0]!;
      throw new Error("the source is gone");
    }
    await expect(writeWav(path, failing())).rejects.toThrow("gone");
    expect(readFileSync(path).equals(before)).toBe(true);
    expect((await failure(writeWav(join(folder, "x.mp3"), signal))).message).toContain(".wav");
  });

  it("into a pipe has no length, and is read to its end", async () => {
    const bytes = Buffer.concat([
      wavHeader({ sampleRate: 8000, channels: 1 }),
      encodeWav({ samples: [tone(8000, 440)], sampleRate: 8000 }).subarray(44),
    ]);
    expect((await readAudio(bytes)).samples[0]).toHaveLength(4000);
  });

  it("says what is too long for it, and which bits there are", () => {
    expect(() => wavHeader({ sampleRate: 8000, channels: 2, frames: 2 ** 31 })).toThrow(/several/);
    expect(() => wavHeader({ sampleRate: 8000, channels: 2 }, { bits: 8 as never })).toThrow(/16/);
  });
});

describe("bad input", () => {
  it("0 bytes, text, a picture, a folder, a file that is not there", async () => {
    expect((await failure(readAudio(new Uint8Array(0)))).message).toContain("0 bytes");
    expect((await failure(readAudio(Buffer.from("no sound at all")))).code).toBe("format");
    const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...Buffer.alloc(600)]);
    expect((await failure(readAudio(png))).message).toContain("89 50 4e 47");
    expect((await failure(readAudio(folder))).code).toBe("argument");
    expect((await failure(readAudio(join(folder, "none.wav")))).message).toContain("none.wav");
  });

  it("a file of another kind than its name says is read by what it is", async () => {
    const path = join(folder, "really-flac.mp3");
    writeFileSync(path, fixture("tone.flac"));
    expect((await readAudio(path)).samples[0]).toHaveLength(22_050);
  });

  it("a header of 10 hours with no data: refused at once, with little memory", async () => {
    const header = wavHeader({ sampleRate: 16_000, channels: 1, frames: 36_000 * 16_000 });
    const before = process.memoryUsage().rss;
    expect((await failure(readAudio(header))).message).toContain("cut short: 0 of 1152000000");
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });

  it("a header that claims 1000 channels, or a rate of 0", async () => {
    const wav = encodeWav({ samples: [tone(8000, 440)], sampleRate: 8000 });
    const channels = wav.slice();
    new DataView(channels.buffer).setUint16(22, 1000, true);
    expect(["format", "shape"]).toContain((await failure(collect(channels))).code);
    const rate = wav.slice();
    new DataView(rate.buffer).setUint32(24, 0, true);
    expect(["format", "argument"]).toContain((await failure(collect(rate))).code);
  });

  it("a long stream is read only as far as it is needed", async () => {
    const seconds = 600;
    const second = encodeWav({ samples: [tone(16_000, 440, 1)], sampleRate: 16_000 }).subarray(44);
    let sent = 0;
    async function* bytes() {
      yield wavHeader({ sampleRate: 16_000, channels: 1, frames: seconds * 16_000 });
      for (let i = 0; i < seconds; i++) {
        sent += second.length;
        yield Uint8Array.from(second);
      }
    }
    let [got, ahead] = [0, 0];
    for await (const { samples } of openAudio(bytes())) {
      got += samples[0]!.length * 2;
      ahead = Math.max(ahead, sent - got);
    }
    expect(got).toBe(seconds * second.length);
    expect(ahead).toBeLessThan(4e6);
  });

  it("0 samples and 1 sample are recordings", async () => {
    for (const count of [0, 1]) {
      const wav = encodeWav({
        samples: [new Float32Array(count), new Float32Array(count)],
        sampleRate: 44_100,
      });
      const { samples, sampleRate } = await readAudio(wav);
      expect([samples.length, samples[0]!.length, sampleRate]).toEqual([2, count, 44_100]);
    }
  });

  it("8 channels, 4 kHz and 192 kHz are read", async () => {
    for (const sampleRate of [4000, 192_000]) {
      const samples = Array.from({ length: 8 }, (_, c) => tone(sampleRate, 100 * (c + 1), 0.1));
      const read = await readAudio(encodeWav({ samples, sampleRate }));
      expect([read.samples.length, read.sampleRate]).toEqual([8, sampleRate]);
    }
  });

  it("NaN, no rate, channels of unequal length, text in place of bytes", async () => {
    const nan = { samples: Float32Array.of(0, NaN), sampleRate: 8000 };
    expect((await failure(readAudio(nan))).message).toContain("NaN at sample 1");
    const noRate = { samples: Float32Array.of(0), sampleRate: NaN };
    expect((await failure(readAudio(noRate))).code).toBe("argument");
    const unequal = { samples: [new Float32Array(2), new Float32Array(3)], sampleRate: 8000 };
    expect((await failure(readAudio(unequal))).code).toBe("shape");
    expect((await failure(readAudio(Readable.from(["text"]) as never))).message).toContain("bytes");
    for (const wrong of [null, undefined, 7, {}]) {
      expect((await failure(readAudio(wrong as never))).code).toBe("argument");
    }
  });

  it("noise behind a good header ends in samples or in a typed error", async () => {
    for (const name of ["tone.flac", "tone.mp3", "tone.ogg", "tone.opus", "tone24.wav"]) {
      const bytes = fixture(name);
      for (let at = 200, x = 1; at < bytes.length; at++) {
        x = (48_271 * x) % 2147483647;
        bytes[at] = x & 255;
      }
      const result = await readAudio(bytes).then(
        ({ samples }) => samples.length,
        (error: unknown) => (isDtokError(error) ? error.code : error),
      );
      expect([1, 2, "format", "value", "argument", "shape"]).toContain(result);
    }
  });

  it("stops when asked to", async () => {
    const stop = new AbortController();
    const pieces = openAudio(fixture("tone24.wav"), { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(pieces.next()).rejects.toThrow("enough");
  });
});

async function collect(bytes: Uint8Array): Promise<number> {
  let count = 0;
  for await (const { samples } of openAudio(bytes)) count += samples[0]!.length;
  return count;
}
