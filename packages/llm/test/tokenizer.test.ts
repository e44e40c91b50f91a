// The golden data are by Hugging Face's tokenizers for Python: see golden/make.py.
import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
import { describe, expect, it } from "vitest";
import { Vocabulary, baseSize, extendTokenizerJson, toTokenizerJson } from "../src/index.js";
import type { TokenizerJson } from "../src/index.js";
import { smallVocabulary } from "./vocabulary.fixture.js";

const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), "utf8"));
const base = golden("base") as TokenizerJson;
const encoded = golden("encoded") as {
  size: number;
  rows: { text: string; ids: number[]; decoded: string; withoutSpecial: string }[];
};
const vocabulary = smallVocabulary(baseSize(base));
const extended = extendTokenizerJson(base, vocabulary);

describe("extendTokenizerJson", () => {
  it("has the size that the tokenizers library counts", () => {
    expect(vocabulary.size).toBe(encoded.size);
  });

  it.each(encoded.rows)("$text: ids of the Rust library, by the JavaScript one", (row) => {
    const tokenizer = new Tokenizer(extended, {});
    expect(tokenizer.encode(row.text).ids).toEqual(row.ids);
    expect(tokenizer.decode(row.ids, { skip_special_tokens: false })).toBe(row.decoded);
  });

  it("gives every id of the vocabulary the token that it means", () => {
    const tokenizer = new Tokenizer(extended, {});
    for (let id = vocabulary.base; id < vocabulary.size; id++) {
      expect(tokenizer.encode(vocabulary.tokenText(id)).ids).toEqual([id]);
    }
  });

  it("leaves the file that it was given as it was", () => {
    expect(base).toEqual(golden("base"));
    expect(extended.model).toEqual(base.model);
  });

  it("refuses another base, a second extension, gaps and what is no tokenizer", () => {
    expect(() => extendTokenizerJson(base, smallVocabulary(7))).toThrow(/MismatchError|expected 7/);
    expect(() => extendTokenizerJson(extended, smallVocabulary(baseSize(extended)))).toThrow(
      /no token <\|size:0\|>/,
    );
    expect(() => baseSize({ model: { vocab: { a: 0, b: 2 } } })).toThrow(/the id 2/);
    expect(() => baseSize({} as TokenizerJson)).toThrow(/model\.vocab/);
  });
});

describe("toTokenizerJson", () => {
  it("is the base's file, extended", () => {
    expect(toTokenizerJson(vocabulary, base)).toEqual(extended);
  });

  it("of media alone is a file of its own", () => {
    const media = new Vocabulary({
      base: 0,
      modalities: [{ id: "audio/units", codebookSizes: [40], axes: 1, layout: "sequence" }],
    });
    const tokenizer = new Tokenizer(toTokenizerJson(media), {});
    const ids = Array.from({ length: media.size }, (_, id) => id);
    const text = ids.map((id) => media.tokenText(id)).join("");
    expect(tokenizer.encode(text).ids).toEqual(ids);
    expect(tokenizer.decode(ids, { skip_special_tokens: false })).toBe(text);
    expect(() => toTokenizerJson(vocabulary)).toThrow(/expected \d+ tokens/);
  });
});
