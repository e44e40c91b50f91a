/*
 * Semantic IDs as text: one token per level, the level's letter and the code, as LC-Rec
 * (arXiv 2311.09049) writes them: <a_12><b_200><c_7><d_0>. Level 26 is "aa", as columns of a sheet.
 */
import { ArgumentError, CodeRangeError } from "@dtok/core";

/** "a" for level 0, "b" for 1, …, "z", "aa", "ab", … */
export function levelName(level: number): string {
  if (!Number.isSafeInteger(level) || level < 0) {
    throw new ArgumentError("level", {
      expected: "an integer from 0",
      got: String(level),
      remedy: "Count levels from 0.",
    });
  }
  let name = "";
  for (let rest = level + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    name = String.fromCharCode(97 + ((rest - 1) % 26)) + name;
  }
  return name;
}

/** One ID: codes [12, 200, 7, 0] to "<a_12><b_200><c_7><d_0>". A prefix prints as its first tokens. */
export function formatId(codes: ArrayLike<number>): string {
  let text = "";
  for (let level = 0; level < codes.length; level++) {
    const code = codes[level] as number;
    if (!Number.isSafeInteger(code) || code < 0) {
      throw new CodeRangeError("semantic ID", {
        expected: "codes that are integers from 0",
        got: `${code} at level ${level}`,
        remedy: "Pass the codes of one item, one per level.",
      });
    }
    text += `<${levelName(level)}_${code}>`;
  }
  return text;
}

/**
 * Codes of "<a_12><b_200><c_7><d_0>"; white space around tokens is allowed.
 *
 * @param sizes codes per level: the ID must have all levels, each code in range. Left out: any
 *   number of levels
 * @throws ArgumentError for anything else than tokens of levels in order; CodeRangeError for a code
 *   that the level lacks
 */
export function parseId(text: string, sizes?: readonly number[]): Int32Array {
  if (typeof text !== "string") {
    throw new ArgumentError("semantic ID", {
      expected: "text such as <a_12><b_200>",
      got: typeof text,
      remedy: "Pass the text that the model wrote.",
    });
  }
  const codes: number[] = [];
  const token = /\s*<([a-z]+)_(0|[1-9]\d{0,9})>\s*/y;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    const name = levelName(codes.length);
    if (match === null || match[1] !== name) {
      throw new ArgumentError("semantic ID", {
        expected: `a token <${name}_…> at character ${at}`,
        got: JSON.stringify(text.slice(at, at + 24)),
        remedy: "One token per level, in order: <a_12><b_200><c_7>.",
      });
    }
    codes.push(Number(match[2]));
  }
  if (codes.length === 0 || (sizes !== undefined && codes.length !== sizes.length)) {
    throw new ArgumentError("semantic ID", {
      expected: sizes === undefined ? "at least one token" : `${sizes.length} tokens`,
      got: `${codes.length} in ${JSON.stringify(text.slice(0, 80))}`,
      remedy: "Let the model write whole IDs only; the prefix trie's masks see to that.",
    });
  }
  for (const [level, code] of codes.entries()) {
    const size = sizes?.[level] ?? 2 ** 31;
    if (code >= size) {
      throw new CodeRangeError("semantic ID", {
        expected: `codes in [0, ${size}) at level ${levelName(level)}`,
        got: String(code),
        remedy: "This ID is of another catalogue, or of another version of it.",
      });
    }
  }
  return Int32Array.from(codes);
}

/** All tokens that IDs are made of, level by level: what an LLM's vocabulary grows by. */
export function idTokens(sizes: readonly number[]): string[] {
  return sizes.flatMap((size, level) =>
    Array.from({ length: size }, (_, code) => `<${levelName(level)}_${code}>`),
  );
}
