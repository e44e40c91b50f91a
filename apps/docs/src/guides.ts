import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where a README's links into the repository lead from the site. */
const TREE = "https://github.com/dtok/dtok/blob/main/";

/**
 * Markdown of a package's README for the site: links to files beside it become links into the repository.
 * The snippets are those of the README, which a test runs.
 */
export function guideOf(readme: string, folder: string): string {
  return readme.replaceAll(
    /(\]\()(?!https?:|#|mailto:)([^)\s]+)\)/g,
    (_, open: string, path: string) => `${open}${new URL(path, `${TREE}${folder}/`).href})`,
  );
}

/** A page for each package that has a README, and the list of them for the side bar. */
export async function writeGuides(root: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  const links = [];
  for (const name of readdirSync(join(root, "packages")).sort()) {
    const path = join(root, "packages", name, "README.md");
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(
      readFileSync(join(root, "packages", name, "package.json"), "utf8"),
    ) as { name: string; description: string };
    await writeFile(
      join(to, `${name}.md`),
      guideOf(readFileSync(path, "utf8"), `packages/${name}`),
    );
    links.push({
      text: manifest.name,
      link: `/guide/packages/${name}.html`,
      says: manifest.description,
    });
  }
  await writeFile(join(to, "sidebar.json"), JSON.stringify(links));
}
