/**
 * Builds the site into apps/docs/site/.vitepress/dist:
 *
 *   pnpm docs:build [--no-api] [--serve]
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseArgs } from "node:util";
import { build, createServer } from "vitepress";
import { generate } from "./generate.js";

const { values } = parseArgs({
  options: {
    "no-api": { type: "boolean", default: false },
    serve: { type: "boolean", default: false },
  },
});
const root = join(import.meta.dirname, "..", "..", "..");
const site = join(root, "apps", "docs", "site");
const step = async (name: string, work: () => Promise<unknown>) => {
  const start = performance.now();
  await work();
  console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
};

await step("data and pictures", () => generate(root));
const api = join(site, "api");
rmSync(api, { recursive: true, force: true });
if (!values["no-api"]) await step("API", () => writeApi(api));
if (values.serve) {
  const server = await createServer(site);
  await server.listen();
  server.printUrls();
} else await step("pages", () => build(site));

/** One folder of Markdown for every package with a source entry. */
async function writeApi(folder: string): Promise<void> {
  const packages = readdirSync(join(root, "packages"))
    .map((name) => {
      const { name: id } = JSON.parse(
        readFileSync(join(root, "packages", name, "package.json"), "utf8"),
      ) as { name: string };
      return { name, id, entry: join(root, "packages", name, "src", "index.ts") };
    })
    .filter(({ name, entry }) => name !== "cli" && existsSync(entry));
  const options =
    "--plugin typedoc-plugin-markdown --skipErrorChecking --entryFileName index " +
    "--outputFileStrategy modules --readme none --hidePageHeader --hideBreadcrumbs --disableSources " +
    "--excludeInternal --excludePrivate --sanitizeComments --logLevel Error " +
    "--parametersFormat table --interfacePropertiesFormat table --typeDeclarationFormat table";
  // Two at a time: a program of TypeScript of all packages at once wants much memory.
  const waiting = [...packages];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await write(next);
  };
  const write = ({ name, entry }: (typeof packages)[number]) =>
    promisify(execFile)(
      process.execPath,
      [
        join(root, "apps", "docs", "node_modules", "typedoc", "bin", "typedoc"),
        "--tsconfig",
        join(root, "tsconfig.json"),
        "--entryPoints",
        entry,
        "--out",
        join(folder, name),
        ...options.split(" "),
      ],
      { cwd: join(root, "apps", "docs"), maxBuffer: 1 << 26 },
    );
  await Promise.all([work(), work()]);
  const links = packages.map(({ name, id }) => ({ text: id, link: `/api/${name}/` }));
  writeFileSync(join(folder, "sidebar.json"), JSON.stringify(links));
  const list = links.map(({ text, link }) => `- [${text}](${link})`).join("\n");
  writeFileSync(
    join(folder, "index.md"),
    `# API\n\nFrom the types and comments of each package's main entry.\n\n${list}\n`,
  );
}
