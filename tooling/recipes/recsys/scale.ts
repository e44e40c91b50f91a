/**
 * The claims about scale, measured: a million items x 768 fitted and coded by `dtok recsys fit`, and the
 * prefix trie of ten million IDs.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/recsys/scale.ts [items] [ids]
 *
 * Expect on two cores: a few minutes and less than 2 GB for the first; the trie in some 10 s, with
 * look-ups well under a microsecond. Needs 3 GB of disk in .data/recsys. `scale-faiss.py` asks the same of
 * faiss on the same array.
 */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { createRandom, npyHeaderBytes } from "@dtok/core";
import { buildTrie } from "@dtok/recsys";
import { root } from "./items.js";

const items = Number(process.argv[2] ?? 1_000_000);
const ids = Number(process.argv[3] ?? 10_000_000);
const dim = 768;
const folder = join(root, ".data", "recsys");
mkdirSync(folder, { recursive: true });
const npy = join(folder, `scale-${items}x${dim}.npy`);
console.log(`${cpus()[0]?.model} x ${cpus().length}, Node.js ${process.version}`);

if (items > 0 && !existsSync(npy)) {
  // 64 directions mixed with noise: neither clusters to be found exactly, nor plain noise.
  const random = createRandom(1);
  const basis = random.fillNormal(new Float32Array(64 * dim));
  const noise = random.fillNormal(new Float32Array(1 << 20), 0.4);
  const file = openSync(`${npy}.part`, "w");
  writeSync(file, npyHeaderBytes("float32", [items, dim]));
  const chunk = new Float32Array(1000 * dim);
  for (let n = 0; n < items; n += 1000) {
    const rows = Math.min(1000, items - n);
    for (let r = 0; r < rows; r++) {
      const row = chunk.subarray(r * dim, (r + 1) * dim);
      const from = random.integer(noise.length - dim);
      row.set(noise.subarray(from, from + dim));
      for (let k = 0; k < 6; k++) {
        const at = random.integer(64) * dim;
        const weight = random.normal();
        for (let d = 0; d < dim; d++) row[d]! += weight * basis[at + d]!;
      }
    }
    writeSync(file, new Uint8Array(chunk.buffer, 0, rows * dim * 4));
  }
  closeSync(file);
  renameSync(`${npy}.part`, npy);
}

const cli = join(root, "packages", "cli", "src", "bin.ts");
const args = [
  process.execPath,
  "--import=tsx",
  "--conditions=@dtok/source",
  cli,
  "recsys",
  "fit",
  npy,
  "--levels",
  "4x256",
  "-o",
  join(folder, "scale-ids"),
  "--json",
];
if (items > 0) fitItems();
function fitItems() {
  const begun = performance.now();
  const { stdout, stderr, status } = spawnSync("/usr/bin/time", ["-f", "%M %U %S", ...args], {
    cwd: root,
    encoding: "utf8",
  });
  const seconds = (performance.now() - begun) / 1000;
  if (status !== 0) throw new Error(stderr);
  const [kilobytes, user, system] = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  const { baseline, collisions, fitSeconds, codeSeconds } = JSON.parse(stdout) as {
    baseline: number;
    fitSeconds: number;
    codeSeconds: number;
    collisions: { rate: number };
  };
  console.log(
    `dtok: ${items} x ${dim}, fitted in ${fitSeconds.toFixed(1)} s, coded in ${codeSeconds.toFixed(1)} s, ` +
      `in all, with names, collisions and files, ${seconds.toFixed(1)} s ` +
      `(${(user! + system!).toFixed(1)} s of processors), peak ${(kilobytes! / 1e6).toFixed(2)} GB, ` +
      `squared error per vector ${baseline.toFixed(4)}, collisions ${(collisions.rate * 100).toFixed(2)} %`,
  );
}

const depth = 4;
const data = new Int32Array(ids * depth);
const random = createRandom(3);
// Distinct by construction: multiplication by an odd number permutes 32 bits.
const odd = (random.uint32() | 1) >>> 0;
for (let n = 0; n < ids; n++) {
  const id = Math.imul(n, odd) >>> 0;
  for (let l = 0; l < depth; l++) data[n * depth + l] = (id >>> (24 - 8 * l)) & 255;
}
const start = performance.now();
const trie = buildTrie({ data, shape: [ids, depth] }, [256, 256, 256, 256]);
const seconds = (performance.now() - start) / 1000;
const lookups = 2_000_000;
const picks = Int32Array.from({ length: lookups }, () => random.integer(ids));
// Copied first: finding 2 million random rows in 160 MB of codes is not the trie's time.
const asked = Array.from({ length: lookups }, (_, i) =>
  data.slice(picks[i]! * depth, (picks[i]! + 1) * depth),
);
let wrong = 0;
const from = performance.now();
for (let i = 0; i < lookups; i++) if (trie.lookup(asked[i]!) !== picks[i]) wrong++;
const each = ((performance.now() - from) / lookups) * 1e6;
const masks = new Uint8Array(256);
const maskFrom = performance.now();
for (let i = 0; i < 200_000; i++) {
  const row = picks[i]!;
  trie.mask(data.subarray(row * depth, row * depth + 2), masks);
}
const maskEach = ((performance.now() - maskFrom) / 200_000) * 1e6;
console.log(
  `trie of ${ids} IDs: built in ${seconds.toFixed(1)} s, ${(trie.byteLength / 1e6).toFixed(0)} MB, ` +
    `look-up ${each.toFixed(0)} ns at random, mask of the third code ${maskEach.toFixed(0)} ns, ${wrong} wrong`,
);
