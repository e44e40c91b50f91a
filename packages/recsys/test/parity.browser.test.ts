import { filmVectors, loadRecsysTokenizer } from "@dtok/recsys/web";
import { commands } from "vitest/browser";
import { expect, test } from "vitest";

declare module "vitest/browser" {
  interface BrowserCommands {
    /** Runs a TypeScript file in Node.js (paths from the repository's root); its output. */
    runInNode(script: string, ...args: string[]): Promise<string>;
  }
}

const films = [
  { title: "Toy Story", year: "1995", genres: "Adventure Animation Children Comedy Fantasy" },
  { title: "Shining, The", year: "1980", genres: "Horror" },
  { title: "Amélie", year: "2001", genres: "Comedy Romance" },
];

test("a browser's IDs are Node.js' IDs", async () => {
  const answer = await commands.runInNode(
    "packages/recsys/test/parity.reference.ts",
    JSON.stringify(films),
  );
  const reference = JSON.parse(answer) as { codes: number[]; id: string };
  const { codec, catalogue, close } = await loadRecsysTokenizer("movielens-small");
  const { codes } = await codec.encode({ vectors: filmVectors(films) });
  expect([...codes.data]).toEqual(reference.codes);
  expect(catalogue.idOf("1")).toBe(reference.id);
  expect(catalogue.trie().count).toBe(9066);
  await close();
});
