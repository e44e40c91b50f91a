// publint and are-the-types-wrong on what would be published: each package is packed first, and its README
// says its size, where it runs and shows an example.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./lib.mjs";
import { sizesOf } from "./readme.mjs";

const exec = promisify(execFile);
const bin = (name) => join(root, "node_modules", ".bin", name);
const folder = mkdtempSync(join(tmpdir(), "dtok-pack-"));
let failed = 0;
try {
  const folders = readdirSync(join(root, "packages")).map((name) => join("packages", name));
  for (const name of [...folders, join("apps", "bench")]) {
    const path = join(root, name);
    const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    if (manifest.private) continue;
    try {
      await exec(bin("publint"), ["--strict", path]);
      const { stdout } = await exec(
        "npm",
        ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
        {
          cwd: path,
          maxBuffer: 1 << 26,
        },
      );
      const [{ filename, size }] = JSON.parse(stdout);
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
        await exec(
          bin("attw"),
          [
            join(folder, filename.replace("@", "").replace("/", "-")),
            "--profile",
            "esm-only",
            "--entrypoints",
            ...exported,
          ],
          { maxBuffer: 1 << 26 },
        );
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
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);

/** What its README says of the tarball; of all that comes with it e2e/release knows. */
function checkSize(packed, says) {
  if (Math.abs(says.packed - packed) > Math.max(0.1, 0.15 * packed)) {
    throw new Error(`its README says ${says.packed} MB packed; it is ${packed.toFixed(2)}`);
  }
}
