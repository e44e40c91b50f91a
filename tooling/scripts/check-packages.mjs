// publint and are-the-types-wrong on what would be published: each package is packed first, and its README
// says its size, where it runs and shows an example.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./lib.mjs";
import { sizesOf } from "./readme.mjs";

const exec = promisify(execFile);
const bin = (name) => join(root, "node_modules", ".bin", name);
const folder = mkdtempSync(join(tmpdir(), "dtok-pack-"));
let failed = 0;
try {
  const packages = readdirSync(join(root, "packages")).map((name) => join("packages", name));
  const left = [...packages, join("apps", "bench")];
  const worker = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await check(name);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);

async function check(name) {
  const path = join(root, name);
  const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  if (manifest.private) return;
  try {
    const { stdout } = await exec(
      "npm",
      ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
      { cwd: path, maxBuffer: 1 << 26 },
    );
    const [{ filename, size }] = JSON.parse(stdout);
    const tarball = join(folder, filename.replace("@", "").replace("/", "-"));
    await exec(bin("publint"), ["--strict", tarball]);
    // "cjs-resolves-to-esm" is by intent: dtok is ESM only. Wildcard entries (model files) have no types.
    const exported = Object.entries(manifest.exports ?? {})
      .filter(
        ([key, value]) =>
          key !== "./package.json" &&
          !key.includes("*") &&
          JSON.stringify(value).includes('"types"'),
      )
      .map(([key]) => key);
    if (exported.length > 0) {
      const options = ["--profile", "esm-only", "--entrypoints", ...exported];
      await exec(bin("attw"), [tarball, ...options], { maxBuffer: 1 << 26 });
    }
    checkSize(size / 1e6, sizesOf(readFileSync(join(path, "README.md"), "utf8"), manifest.name));
    console.log(`ok  ${manifest.name.padEnd(20)} ${(size / 1e6).toFixed(2)} MB packed`);
  } catch (error) {
    failed++;
    console.error(
      `FAILED  ${manifest.name}\n${error.stdout ?? ""}${error.stderr ?? ""}${error.stdout === undefined ? error : ""}`,
    );
  }
}

/** What its README says of the tarball; of all that comes with it e2e/release knows. */
function checkSize(packed, says) {
  if (Math.abs(says.packed - packed) > Math.max(0.1, 0.15 * packed)) {
    throw new Error(`its README says ${says.packed} MB packed; it is ${packed.toFixed(2)}`);
  }
}
