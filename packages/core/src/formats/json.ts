import { FormatError } from "../errors/index.js";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** A Map keeps `__proto__` an ordinary key. */
export type JsonObject = ReadonlyMap<string, JsonValue>;

const MAX_DEPTH = 64;

/**
 * JSON as `JSON.parse` reads it, but a key that occurs twice is refused (JSON.parse keeps the last,
 * so two readers could see two different files), nesting is bounded and objects become Maps.
 *
 * @param what names the document in the error
 * @throws FormatError
 */
export function parseJsonStrictly(text: string, what: string): JsonValue {
  let at = 0;

  const fail = (expected: string): never => {
    const found = at < text.length ? JSON.stringify(text.slice(at, at + 12)) : "the end";
    throw new FormatError(what, {
      expected,
      got: `${found} at character ${at}`,
      remedy: "The file is damaged or was written by faulty software.",
    });
  };
  const skip = (): void => {
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) at++;
      else return;
    }
  };
  const parseString = (): string => {
    if (text.charCodeAt(at) !== 0x22) fail("a string");
    const start = at++;
    let plain = true;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 0x22) break;
      if (!(c >= 0x20)) fail("the end of a string"); // a control character, or NaN past the end
      if (c === 0x5c) {
        plain = false;
        at++;
      }
      at++;
    }
    at++;
    if (plain) return text.slice(start + 1, at - 1);
    let value: string | undefined;
    try {
      value = JSON.parse(text.slice(start, at)) as string;
    } catch {
      // Reported below, with its place.
    }
    if (value !== undefined && !/\p{Surrogate}/u.test(value)) return value;
    at = start;
    return fail("a string with valid escapes");
  };
  const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  const parseValue = (depth: number): JsonValue => {
    if (depth > MAX_DEPTH) fail(`at most ${MAX_DEPTH} levels of nesting`);
    skip();
    const c = text[at];
    if (c === '"') return parseString();
    if (c === "{") {
      at++;
      const object = new Map<string, JsonValue>();
      skip();
      if (text[at] === "}") {
        at++;
        return object;
      }
      for (;;) {
        skip();
        const keyAt = at;
        const key = parseString();
        if (object.has(key)) {
          at = keyAt;
          fail("every key once");
        }
        skip();
        if (text[at] !== ":") fail("a colon");
        at++;
        object.set(key, parseValue(depth + 1));
        skip();
        if (text[at] === ",") at++;
        else if (text[at] === "}") {
          at++;
          return object;
        } else fail("a comma or a closing brace");
      }
    }
    if (c === "[") {
      at++;
      const list: JsonValue[] = [];
      skip();
      if (text[at] === "]") {
        at++;
        return list;
      }
      for (;;) {
        list.push(parseValue(depth + 1));
        skip();
        if (text[at] === ",") at++;
        else if (text[at] === "]") {
          at++;
          return list;
        } else fail("a comma or a closing bracket");
      }
    }
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return value;
      }
    }
    number.lastIndex = at;
    const match = number.exec(text);
    if (match === null) return fail("a JSON value");
    at += match[0].length;
    return Number(match[0]);
  };

  const value = parseValue(0);
  skip();
  if (at !== text.length) fail("nothing after the document");
  return value;
}
