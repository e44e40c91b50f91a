import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseManifest } from "@dtok/core";
import type { Manifest, TokenizerPlugin } from "@dtok/core";
import { pluginsOf } from "../../bench/src/harness/plugins.js";

export interface Shipped {
  readonly manifest: Manifest;
  readonly plugin: TokenizerPlugin;
  /** Name of the npm package. */
  readonly packageName: string;
  /** Folder below the repository's root. */
  readonly folder: string;
  /** The model card's text, Markdown; "" without one. */
  readonly card: string;
}

/**
 * Every tokenizer that a package of this repository ships: the plugins of packages/<name>/src/plugins.ts,
 * as the benchmarks find them. A new package shows up by having one.
 */
export async function shippedTokenizers(root: string): Promise<Shipped[]> {
  const found: Shipped[] = [];
  for (const name of readdirSync(join(root, "packages")).sort()) {
    const folder = join("packages", name);
    const source = join(root, folder, "src", "plugins.ts");
    if (!existsSync(source)) continue;
    const { name: packageName } = JSON.parse(
      readFileSync(join(root, folder, "package.json"), "utf8"),
    ) as { name: string };
    const exported = (await import(pathToFileURL(source).href)) as Record<string, unknown>;
    for (const plugin of pluginsOf(exported)) {
      if (!isWhole(join(root, folder, "models"), plugin.manifest)) {
        console.log(`${plugin.manifest.id} is left out: its files are not in ${folder}/models`);
        continue;
      }
      const manifest = parseManifest(JSON.parse(JSON.stringify(plugin.manifest)) as object);
      found.push({
        manifest,
        plugin,
        packageName,
        folder,
        card: cardOf(join(root, folder, "models"), manifest),
      });
    }
  }
  return found;
}

const folderOf = ({ id, settings }: Manifest) =>
  typeof settings["folder"] === "string" ? settings["folder"] : id.slice(id.indexOf("/") + 1);

/** True if its files are there: while a recipe is at work, a manifest may come before them. */
function isWhole(models: string, manifest: Manifest): boolean {
  const files = Object.values(manifest.files);
  const folder = join(models, folderOf(manifest));
  return files.length > 0 && files.every(({ path }) => existsSync(join(folder, path)));
}

/** A tokenizer's card: README.md of its folder, or, in another's folder, a file of its own name. */
function cardOf(models: string, manifest: Manifest): string {
  const short = manifest.id.slice(manifest.id.indexOf("/") + 1);
  const path = [
    join(models, folderOf(manifest), `${short}.md`),
    join(models, short, "README.md"),
  ].find((at) => existsSync(at));
  return path === undefined ? "" : readFileSync(path, "utf8");
}
