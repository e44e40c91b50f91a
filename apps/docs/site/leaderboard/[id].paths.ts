import { readFileSync } from "node:fs";

interface Tokenizer {
  readonly id: string;
  readonly short: string;
  readonly card: string;
}

/** One page for each tokenizer that ships. */
export default {
  paths() {
    const file = new URL("../.vitepress/data/leaderboard.json", import.meta.url);
    const { tokenizers } = JSON.parse(readFileSync(file, "utf8")) as { tokenizers: Tokenizer[] };
    return tokenizers.map((t) => ({ params: { id: t.short, name: t.id }, content: t.card }));
  },
};
