import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseManifest } from "@dtok/core";
import type { Manifest } from "@dtok/core";

export interface Shipped {
  readonly manifest: Manifest;
  /** Name of the npm package. */
  readonly packageName: string;
  /** Folder below the repository's root. */
  readonly folder: string;
  /** The model card's text, Markdown; "" without one. */
  readonly card: string;
}

/**
 * Every tokenizer that a package of this repository ships: the manifests in packages/<name>/src/tokenizers.
 * A new package shows up by having one. Files that are not there (yet) leave their tokenizer out.
 */
export async function shippedTokenizers(root: string): Promise<Shipped[]> {
  const found: Shipped[] = [];
  for (const name of readdirSync(join(root, "packages")).sort()) {
    const folder = join("packages", name);
    const sources = join(root, folder, "src", "tokenizers");
    if (!existsSync(sources)) continue;
    const { name: packageName } = JSON.parse(
      readFileSync(join(root, folder, "package.json"), "utf8"),
    ) as { name: string };
    for (const file of readdirSync(sources).sort()) {
      if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
      const module = (await import(pathToFileURL(join(sources, file)).href)) as {
        manifest?: Manifest;
      };
      if (module.manifest === undefined) continue;
      const manifest = parseManifest(JSON.parse(JSON.stringify(module.manifest)) as object);
      // A tokenizer may stand on another's files, and then lies in their folder.
      const own = file.replace(/\.ts$/, "");
      const others = readdirSync(join(root, folder, "models")).filter((entry) => entry !== own);
      const models = [own, ...others]
        .map((entry) => join(root, folder, "models", entry))
        .find((at) => Object.values(manifest.files).every((f) => existsSync(join(at, f.path))));
      if (models === undefined) continue;
      const card = join(models, "README.md");
      found.push({
        manifest,
        packageName,
        folder,
        card: existsSync(card) ? readFileSync(card, "utf8") : "",
      });
    }
  }
  return found;
}
