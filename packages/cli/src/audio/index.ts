import { open } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import {
  ArgumentError,
  bitsOf,
  FormatError,
  MismatchError,
  parseManifest,
  saveTokenGrid,
} from "@dtok/core";
import type { AudioSignal, Manifest, ModelRuntime, TokenGrid } from "@dtok/core";
import {
  AudioCodec,
  detectFormat,
  loadAudioTokenizer,
  melDistance,
  openAudio,
  plugins,
  readAudio,
  siSdr,
  stoi,
  wavHeader,
  wavSamples,
  withReader,
  writeWav,
} from "@dtok/audio";
import type { AudioInput, AudioTokenizer, AudioTokenizerName, WavBits } from "@dtok/audio";
import { createModelReader, createRuntime, createWebRuntime } from "@dtok/runtime";
import { readInput, writeOutput } from "../files.js";
import { interruption, printJson, progressBar, table } from "../output.js";

export const DEFAULT_SOUND = "sound-16k";
/** Bytes that tell the kind of a sound file. */
const HEAD = 512;

/** True for "sound-16k" and "audio/sound-16k". */
export function isSoundModel(name: string): boolean {
  return Object.hasOwn(plugins, name.replace(/^audio\//, ""));
}

/** Manifests of the shipped tokenizers of sound. */
export function soundManifests(): Manifest<"audio">[] {
  return Object.values(plugins).map(({ manifest }) => manifest);
}

/** The first bytes of a file, or of standard input, which can still be read whole. */
async function headOf(path: string): Promise<Uint8Array> {
  if (path !== "-") {
    try {
      const file = await open(path, "r");
      try {
        const head = new Uint8Array(HEAD);
        const { bytesRead } = await file.read(head, 0, HEAD, 0);
        return head.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    } catch {
      // Whoever opens it in earnest says what is wrong.
      return new Uint8Array(0);
    }
  }
  const { stdin } = process;
  const parts: Buffer[] = [];
  let size = 0;
  while (size < HEAD) {
    await new Promise<void>((resolve) => {
      if (stdin.readableLength > 0 || stdin.readableEnded) resolve();
      else {
        const done = () => {
          stdin.off("readable", done).off("end", done).off("error", done);
          resolve();
        };
        stdin.on("readable", done).on("end", done).on("error", done);
      }
    });
    const part = stdin.read() as Buffer | null;
    if (part === null) break;
    parts.push(part);
    size += part.length;
  }
  const head = Buffer.concat(parts);
  if (head.length > 0 && !stdin.readableEnded) stdin.unshift(head);
  return head;
}

/** Which of the inputs are sounds, by their first bytes. */
export async function areSounds(paths: readonly string[]): Promise<boolean[]> {
  const found: boolean[] = [];
  for (const path of paths) {
    const isAddress = /^https?:/i.test(path);
    found.push(
      isAddress
        ? /\.(wav|flac|mp3|ogg|oga|opus|m4a|aac)$/i.test(path)
        : detectFormat(await headOf(path)) !== undefined,
    );
  }
  return found;
}

interface RunOptions {
  readonly runtime: "auto" | "web";
  readonly json: boolean;
}

/** The tokenizer, with which its runtime is closed. */
function closing<I>(tokenizer: AudioTokenizer<I>, runtime: ModelRuntime): AudioTokenizer<I> {
  const close = async () => {
    await tokenizer.close();
    await runtime.close();
  };
  return { ...tokenizer, close };
}

/** A tokenizer by name, or from a folder that holds manifest.json and the files that it lists. */
async function openSoundTokenizer(
  model: string,
  { runtime: kind }: RunOptions,
): Promise<AudioTokenizer<AudioInput>> {
  const runtime = kind === "web" ? await createWebRuntime() : await createRuntime();
  try {
    if (isSoundModel(model)) {
      const tokenizer = await loadAudioTokenizer(
        model.replace(/^audio\//, "") as AudioTokenizerName,
        { runtime },
      );
      return closing(tokenizer, runtime);
    }
    if (!/[/\\.]/.test(model)) {
      throw new ArgumentError("--model", {
        expected: `one of ${Object.keys(plugins).join(", ")}, or a folder with a manifest.json`,
        got: model,
        remedy: "`dtok list` shows what is installed.",
      });
    }
    const path = join(model, "manifest.json");
    const manifest = parseManifest(await readInput(path), path);
    if (manifest.modality !== "audio") {
      throw new MismatchError(path, {
        expected: "a tokenizer of sound",
        got: `modality ${manifest.modality}`,
        remedy: "Name a tokenizer of sound, or leave --model out.",
      });
    }
    const audio = manifest as Manifest<"audio">;
    const readFile = createModelReader(model, audio);
    const codec = await AudioCodec.load(audio, { runtime, readFile });
    return closing(withReader<AudioInput>(codec, openAudio), runtime);
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

export interface EncodeSoundOptions extends RunOptions {
  readonly model: string;
  readonly output?: string;
  readonly outputFolder?: string;
  readonly packing: "integers" | "bits" | "radix";
  readonly bitrate?: number;
  readonly levels?: number;
  readonly channels?: "mix" | "keep";
}

function lengthOf(grid: TokenGrid): { seconds: number; bitsPerSecond: number } {
  const { length, sampleRate } = grid.side as { length: number; sampleRate: number };
  const seconds = length / sampleRate;
  return { seconds, bitsPerSecond: seconds > 0 ? bitsOf(grid).total / seconds : 0 };
}

/** `dtok encode` for sounds: files of any length in constant memory. */
export async function encodeSounds(
  paths: readonly string[],
  options: EncodeSoundOptions,
): Promise<void> {
  const tokenizer = await openSoundTokenizer(options.model, options);
  const bar = await progressBar("encoding", options.json);
  const results: { input: string; output: string; [key: string]: unknown }[] = [];
  try {
    for (const [i, path] of paths.entries()) {
      const begun = performance.now();
      const grid = await tokenizer.encode(path === "-" ? process.stdin : path, {
        signal: interruption.signal,
        ...(options.bitrate !== undefined && { bitrate: options.bitrate }),
        ...(options.levels !== undefined && { levels: options.levels }),
        ...(options.channels !== undefined && { channels: options.channels }),
      });
      const stem = path === "-" ? "stdin" : basename(path, extname(path));
      const name = `${stem}.tokens.safetensors`;
      const target =
        options.output ??
        (options.outputFolder !== undefined
          ? join(options.outputFolder, name)
          : path === "-"
            ? "-"
            : name);
      const bytes = saveTokenGrid(grid, { packing: options.packing });
      interruption.signal.throwIfAborted();
      await writeOutput(target, bytes);
      bar.update(i + 1, paths.length, basename(path));
      results.push({
        input: path,
        output: target,
        tokenizer: tokenizer.manifest.id,
        grid: grid.shape,
        codes: grid.codes.data.length,
        ...lengthOf(grid),
        milliseconds: performance.now() - begun,
      });
    }
  } finally {
    bar.stop();
    await tokenizer.close();
  }
  if (results.some(({ output }) => output === "-")) return;
  if (options.json) {
    printJson(results);
    return;
  }
  for (const { input, output, codes, seconds, bitsPerSecond } of results) {
    const rate = ((bitsPerSecond as number) / 1000).toFixed(2);
    process.stdout.write(
      `${input} -> ${output} (${(seconds as number).toFixed(2)} s, ${String(codes)} codes, ${rate} kbit/s)\n`,
    );
  }
}

export interface DecodeSoundOptions extends RunOptions {
  readonly model?: string;
  readonly output?: string;
  readonly levels?: number;
  readonly bits?: WavBits;
}

/** `dtok decode` for sounds: a WAV file, or one on standard output as it is made. */
export async function decodeSound(
  path: string,
  grid: TokenGrid,
  options: DecodeSoundOptions,
): Promise<void> {
  const target =
    options.output ??
    (path === "-" ? "-" : `${basename(path).replace(/(\.tokens)?\.safetensors$/, "")}.wav`);
  const begun = performance.now();
  const tokenizer = await openSoundTokenizer(
    options.model ?? grid.tokenizer ?? DEFAULT_SOUND,
    options,
  );
  const bar = await progressBar("decoding", options.json);
  const bits = { bits: options.bits ?? 16 } as const;
  try {
    const pieces = tokenizer.decodePieces(grid, {
      signal: interruption.signal,
      onProgress: (done, total) => bar.update(done, total),
      ...(options.levels !== undefined && { levels: options.levels }),
    });
    const { length, sampleRate } = grid.side as { length: number; sampleRate: number };
    const channels = grid.shape[1] ?? 1;
    if (target === "-") {
      await writeOutput("-", wavHeader({ sampleRate, channels, frames: length }, bits));
      for await (const piece of pieces) await writeOutput("-", wavSamples(piece, bits));
      return;
    }
    // A sound of no samples has no pieces, but a file.
    const empty: AudioSignal = {
      samples: Array.from({ length: channels }, () => new Float32Array(0)),
      sampleRate,
    };
    await writeWav(target, length === 0 ? empty : pieces, bits);
    const seconds = length / sampleRate;
    const milliseconds = performance.now() - begun;
    if (options.json)
      printJson({ input: path, output: target, seconds, sampleRate, channels, milliseconds });
    else process.stdout.write(`${path} -> ${target} (${seconds.toFixed(2)} s)\n`);
  } finally {
    bar.stop();
    await tokenizer.close();
  }
}

export interface EvalSoundOptions extends EncodeSoundOptions {
  readonly outputFolder?: string;
}

/** `dtok eval` for sounds. */
export async function evaluateSounds(
  paths: readonly string[],
  options: Omit<EvalSoundOptions, "packing">,
): Promise<void> {
  const tokenizer = await openSoundTokenizer(options.model, options);
  const bar = await progressBar("measuring", options.json);
  const results: Record<string, unknown>[] = [];
  try {
    for (const [i, path] of paths.entries()) {
      const { signal } = interruption;
      const original = await readAudio(path, { signal });
      const start = performance.now();
      const grid = await tokenizer.encode(original, {
        signal,
        ...(options.bitrate !== undefined && { bitrate: options.bitrate }),
        ...(options.levels !== undefined && { levels: options.levels }),
        channels: "keep",
      });
      const middle = performance.now();
      const decoded = await tokenizer.decode(grid, { signal });
      const end = performance.now();
      if (original.samples[0]!.length === 0) {
        throw new FormatError(path, {
          expected: "sound to measure",
          got: "a recording of 0 samples",
          remedy: "Leave it out.",
        });
      }
      if (options.outputFolder !== undefined) {
        const name = `${basename(path, extname(path))}.decoded.wav`;
        await writeWav(join(options.outputFolder, name), decoded);
      }
      const { seconds, bitsPerSecond } = lengthOf(grid);
      results.push({
        input: path,
        seconds,
        bitsPerSecond,
        siSdr: siSdr(original, decoded),
        melDistance: melDistance(original, decoded),
        stoi: intelligibility(original, decoded),
        encodeRealTimeFactor: (middle - start) / 1000 / seconds,
        decodeRealTimeFactor: (end - middle) / 1000 / seconds,
      });
      bar.update(i + 1, paths.length, basename(path));
    }
  } finally {
    bar.stop();
    await tokenizer.close();
  }
  if (options.json) {
    printJson({ tokenizer: tokenizer.manifest.id, results });
    return;
  }
  const rows = results.map((r) => {
    const number = (key: string, digits: number) =>
      r[key] === null ? "–" : (r[key] as number).toFixed(digits);
    return [
      basename(r.input as string),
      number("seconds", 2),
      number("bitsPerSecond", 0),
      number("siSdr", 2),
      number("melDistance", 3),
      number("stoi", 3),
      `${number("encodeRealTimeFactor", 3)} + ${number("decodeRealTimeFactor", 3)}`,
    ];
  });
  const head = ["sound", "s", "bit/s", "SI-SDR dB", "mel distance", "STOI", "real-time factor"];
  process.stdout.write(`${tokenizer.manifest.id}\n${await table(head, rows)}\n`);
}

/** null where there is too little speech for the measure. */
function intelligibility(original: AudioSignal, decoded: AudioSignal): number | null {
  try {
    return stoi(original, decoded);
  } catch {
    return null;
  }
}
