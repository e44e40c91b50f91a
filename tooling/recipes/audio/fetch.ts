/**
 * Fetches the sounds that the audio tokenizers are trained and measured on, from Debian's package
 * registry by its ordinary client, and writes them as 16-bit mono at 16 kHz:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/audio/fetch.ts
 *
 * .data/audio/<split>-<kind>.pcm holds all clips end to end, .data/audio/<split>-<kind>.json where each
 * begins. Needs apt-get and dpkg-deb. Each package is checked against its SHA-256 in sources.json;
 * nothing but that list is committed. Train and test never share a package.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { isDtokError } from "@dtok/core";
import { decodeAudio, Resampler } from "@dtok/audio";

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "..", "..", "..", ".data", "audio");
export const RATE = 16_000;

export interface Source {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly split: "train" | "test";
  readonly kind: "speech" | "telephone" | "music";
  readonly licence: string;
  readonly include: string;
}

export interface Clip {
  readonly package: string;
  readonly path: string;
  /** First sample in the .pcm file, and samples. */
  readonly start: number;
  readonly length: number;
}

function run(command: string, args: string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "ignore"] });
}

/** Unpacks one package below .data/audio/packages, once. */
function unpack(source: Source): string {
  const folder = join(data, "packages", `${source.name}-${source.version}`);
  if (existsSync(folder)) return folder;
  const work = `${folder}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  console.log(`fetching ${source.name} ${source.version}`);
  run("apt-get", ["download", "-qq", `${source.name}=${source.version}`], work);
  const archive = readdirSync(work).find((name) => name.endsWith(".deb")) as string;
  const found = createHash("sha256")
    .update(readFileSync(join(work, archive)))
    .digest("hex");
  if (found !== source.sha256) {
    throw new Error(`${source.name} has SHA-256 ${found}, the list says ${source.sha256}`);
  }
  run("dpkg-deb", ["-x", archive, "."], work);
  rmSync(join(work, archive));
  renameSync(work, folder);
  return folder;
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(path) : entry.isFile() ? [path] : [];
    });
}

/** A file as mono at 16 kHz, piece by piece. */
async function* mono(path: string): AsyncGenerator<Float32Array> {
  let resampler: Resampler | undefined;
  for await (const { samples, sampleRate } of decodeAudio([readFileSync(path)], path)) {
    const [first] = samples as [Float32Array];
    const mixed = first.slice();
    for (const channel of samples.slice(1)) {
      for (let i = 0; i < mixed.length; i++) mixed[i] = mixed[i]! + channel[i]!;
    }
    for (let i = 0; i < mixed.length; i++) mixed[i] = mixed[i]! / samples.length;
    resampler ??= new Resampler(sampleRate, RATE);
    yield resampler.push(mixed);
  }
  if (resampler) yield resampler.flush();
}

async function main(): Promise<void> {
  const { packages } = JSON.parse(readFileSync(join(here, "sources.json"), "utf8")) as {
    packages: Source[];
  };
  // Groups by name ("train-music"), or all: two processes may share the work.
  const wanted = process.argv.slice(2);
  const groups = new Map<string, Source[]>();
  for (const source of packages) {
    const key = `${source.split}-${source.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), source]);
  }
  for (const [key, sources] of groups) {
    const path = join(data, `${key}.pcm`);
    if (existsSync(path) || (wanted.length > 0 && !wanted.includes(key))) continue;
    const clips: Clip[] = [];
    const out = openSync(`${path}.${process.pid}.part`, "w");
    let at = 0;
    let refused = 0;
    for (const source of sources) {
      const folder = unpack(source);
      const include = new RegExp(source.include, "i");
      for (const file of walk(folder).filter((name) => include.test(name))) {
        const start = at;
        try {
          for await (const piece of mono(file)) {
            const pcm = Int16Array.from(piece, (v) =>
              Math.max(-32768, Math.min(32767, Math.round(v * 32767))),
            );
            writeSync(out, pcm, 0, pcm.byteLength, at * 2);
            at += pcm.length;
          }
        } catch (error) {
          if (!isDtokError(error)) throw error;
          console.log(`left out: ${error.message}`);
          at = start;
          refused++;
          continue;
        }
        if (at > start) {
          const name = relative(folder, file);
          clips.push({ package: source.name, path: name, start, length: at - start });
        }
      }
    }
    closeSync(out);
    writeFileSync(join(data, `${key}.json`), JSON.stringify(clips));
    renameSync(`${path}.${process.pid}.part`, path);
    console.log(
      `${key}: ${clips.length} clips, ${(at / RATE / 3600).toFixed(2)} h, ${refused} left out`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
