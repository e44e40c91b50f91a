// templates/ from the examples, which are built and tested with everything else: what only holds inside
// this repository is taken out. `node templates.mjs [folder]`
import { cpSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const here = join(import.meta.dirname, "..");
const examples = join(here, "..", "..", "examples");
const target = process.argv[2] ?? join(here, "templates");
const read = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));
const write = (value, ...path) =>
  writeFileSync(join(...path), `${JSON.stringify(value, null, 2)}\n`);

rmSync(target, { recursive: true, force: true });
for (const [name, example] of [
  ["image", "plugin-template-image"],
  ["series", "plugin-template"],
]) {
  const folder = join(target, name);
  const skipped = new Set(["node_modules", "dist", ".turbo"]);
  for (const entry of readdirSync(join(examples, example))) {
    if (skipped.has(entry)) continue;
    cpSync(join(examples, example, entry), join(folder, entry), { recursive: true });
  }
  const manifest = read(folder, "package.json");
  for (const list of [manifest.dependencies, manifest.devDependencies]) {
    for (const [key, range] of Object.entries(list)) {
      if (!range.startsWith("workspace:")) continue;
      const { version } = read(examples, example, "node_modules", key, "package.json");
      list[key] = `^${version}`;
    }
  }
  delete manifest.private;
  write(manifest, folder, "package.json");
  const config = read(folder, "tsconfig.json");
  delete config.compilerOptions.customConditions;
  write(config, folder, "tsconfig.json");
  // A package.json inside a package would be taken for one of its own.
  renameSync(join(folder, "package.json"), join(folder, "_package.json"));
}
