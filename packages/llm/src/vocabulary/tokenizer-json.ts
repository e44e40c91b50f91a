/* Hugging Face's tokenizer.json: how many ids it has, and the same file with a vocabulary's tokens added. */
import { FormatError, MismatchError } from "@dtok/core";
import type { Vocabulary } from "./vocabulary.js";

/** What is read of a tokenizer.json; all else is kept as it is. */
export interface TokenizerJson {
  readonly model: { readonly vocab: Readonly<Record<string, number>> | readonly unknown[] };
  readonly added_tokens?: readonly AddedToken[];
  readonly [field: string]: unknown;
}

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

/**
 * Ids of a tokenizer.json: those of its model and of its added tokens. New tokens begin there, since
 * the tokenizers library numbers added tokens on from what is there. Models often have a few more
 * embedding rows than that (rounded up for speed); those rows are then taken into use.
 *
 * @throws FormatError for what is no tokenizer.json, or one whose ids have gaps (the library would
 *   number new tokens otherwise than the file says)
 */
export function baseSize(json: TokenizerJson): number {
  const vocab: unknown = json?.model?.vocab;
  if (typeof vocab !== "object" || vocab === null) {
    throw new FormatError("tokenizer.json", {
      expected: "an object with model.vocab",
      got: vocab === undefined ? "none" : typeof vocab,
      remedy: "Pass the parsed tokenizer.json of a Hugging Face model.",
    });
  }
  const ids = new Set<number>();
  if (Array.isArray(vocab)) for (let i = 0; i < vocab.length; i++) ids.add(i);
  else for (const id of Object.values(vocab as Record<string, number>)) ids.add(id);
  const added: unknown = json.added_tokens ?? [];
  if (!Array.isArray(added)) {
    throw new FormatError("tokenizer.json", {
      expected: "a list added_tokens",
      got: typeof added,
      remedy: "Pass the parsed tokenizer.json of a Hugging Face model.",
    });
  }
  for (const token of added as AddedToken[]) ids.add(token?.id);
  for (const id of ids) {
    if (!Number.isSafeInteger(id) || id < 0 || id >= ids.size) {
      throw new FormatError("tokenizer.json", {
        expected: `${ids.size} tokens with the ids 0 to ${ids.size - 1}`,
        got: `the id ${String(id)}`,
        remedy: "Number the tokens without gaps; added tokens are numbered on from their count.",
      });
    }
  }
  return ids.size;
}

/** A file of no tokens at all, for a vocabulary of base 0: a model of media alone. */
const NOTHING: TokenizerJson = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  // Tokens stand side by side in text, without spaces between.
  decoder: { type: "Fuse" },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab: {},
    merges: [],
  } as TokenizerJson["model"],
};

/** `extendTokenizerJson`, or without a base's file the whole file of a vocabulary of base 0. */
export function toTokenizerJson(vocabulary: Vocabulary, json = NOTHING): TokenizerJson {
  return extendTokenizerJson(json, vocabulary);
}

/**
 * The tokenizer.json with the vocabulary's tokens as added tokens, so that texts of tokens and ids
 * turn into one another in any of Hugging Face's libraries. Begin, end, padding, row and size tokens
 * are special (`skip_special_tokens` leaves them out), codes and durations are not.
 *
 * @throws MismatchError where the vocabulary was built on another base or a token is there already
 */
export function extendTokenizerJson(json: TokenizerJson, vocabulary: Vocabulary): TokenizerJson {
  const size = baseSize(json);
  if (size !== vocabulary.base) {
    throw new MismatchError("tokenizer.json", {
      expected: `${vocabulary.base} tokens, as the vocabulary's base has`,
      got: String(size),
      remedy: "Build the vocabulary with base: baseSize(json).",
    });
  }
  const { vocab } = json.model;
  const contents = new Set<unknown>(
    Array.isArray(vocab)
      ? vocab.map((entry: unknown) => (entry as unknown[])[0])
      : Object.keys(vocab),
  );
  const before = json.added_tokens ?? [];
  for (const token of before) contents.add(token.content);
  const added: AddedToken[] = [...before];
  for (let id = vocabulary.base; id < vocabulary.size; id++) {
    const content = vocabulary.tokenText(id);
    if (contents.has(content)) {
      throw new MismatchError("tokenizer.json", {
        expected: `no token ${content}`,
        got: "one",
        remedy: "Extend the base model's own file, not one that was extended before.",
      });
    }
    const { kind } = vocabulary.meaning(id);
    added.push({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: kind !== "code" && kind !== "duration",
    });
  }
  return { ...json, added_tokens: added };
}
