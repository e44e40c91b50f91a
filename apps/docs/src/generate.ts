/** What the pages are built from, written as JSON and pictures beside them; none of it is committed. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createRuntime } from "@dtok/runtime/node";
import { drawConcepts } from "./concepts.js";
import { examplesOf } from "./examples.js";
import { writeGuides } from "./guides.js";
import { drawHome } from "./home.js";
import { leaderboard } from "./leaderboard.js";
import { shippedTokenizers } from "./manifests.js";
import { drawQuantizers } from "./pictures.js";
import { systemRows, techniqueRows } from "./survey.js";

const REPOSITORY = "https://github.com/dtok/dtok/blob/main/";

/** A link of a table's cell. */
const toLink = ({ text, file }: { text: string; file: string }) => ({
  text,
  href: REPOSITORY + file,
});

const count = (rows: readonly { status: string }[]) => ({
  all: rows.length,
  runs: rows.filter(({ status }) => status === "runs").length,
  partly: rows.filter(({ status }) => status === "partly").length,
  open: rows.filter(({ status }) => status === "open").length,
});

export async function generate(root: string): Promise<void> {
  const site = join(root, "apps", "docs", "site");
  await writeGuides(root, join(site, "guide", "packages"));
  const write = async (name: string, value: unknown) => {
    const path = join(site, ".vitepress", "data", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(value));
  };
  const techniques = techniqueRows(root);
  await write("techniques.json", {
    count: count(techniques),
    rows: techniques.map((row) => ({ ...row, code: row.code.map(toLink) })),
  });
  const systems = systemRows(root);
  await write("systems.json", {
    count: count(systems),
    rows: systems.map((row) => ({ ...row, code: row.code.map(toLink) })),
  });
  await write("quantizers.json", await drawQuantizers(join(site, "public", "pictures")));
  await cp(join(root, "samples"), join(site, "public", "samples"), { recursive: true });
  const runtime = await createRuntime();
  const pictures = join(site, "public", "pictures");
  const shipped = await shippedTokenizers(root);
  const data = await leaderboard(root, shipped, site, (one) =>
    examplesOf(one, runtime, root, pictures),
  );
  await write("concepts.json", await drawConcepts(root, shipped, runtime, pictures));
  await write("home.json", await drawHome(root, shipped, runtime, pictures));
  await runtime.close();
  await write("leaderboard.json", data);
}
