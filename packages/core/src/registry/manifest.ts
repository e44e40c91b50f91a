import { FormatError, IntegrityError, LimitError } from "../errors/index.js";
import { parseJsonStrictly } from "../formats/json.js";
import type { JsonValue } from "../formats/json.js";
import type { Manifest, Measurement, ModelFile } from "../spec/tokenizer.js";

/** Largest manifest document that is read, in bytes. */
export const MANIFEST_MAX_BYTES = 2 ** 20;
/** Largest model file that a manifest may declare, in bytes. */
export const MODEL_FILE_MAX_BYTES = 4 * 2 ** 30;

const ID = /^([a-z][a-z0-9-]*)\/[a-z0-9][a-z0-9._-]*$/;

/**
 * Reads a manifest: JSON text, its UTF-8 bytes, or the value that such text stands for. Every field
 * is checked, and only the fields of the format are kept.
 *
 * @param what names the document in errors
 * @throws FormatError for JSON that is no manifest, or of a newer format
 * @throws IntegrityError for a file path that leaves the manifest's folder
 * @throws LimitError for a document or a declared file that is absurdly large
 */
export function parseManifest(source: string | Uint8Array | object, what = "manifest"): Manifest {
  const value = toPlain(source, what);
  const root = new Reader(value, what);

  const format = root.string("format");
  if (format !== "dtok-manifest-1") {
    throw wrong(`${what}.format`, '"dtok-manifest-1"', JSON.stringify(format.slice(0, 60)), {
      remedy: format.startsWith("dtok-manifest-")
        ? "It is of a newer version: update dtok."
        : "This is not a dtok manifest.",
    });
  }
  const id = root.string("id");
  const modality = root.string("modality");
  const match = ID.exec(id);
  if (match === null) throw wrong(`${what}.id`, "<modality>/<name> in lower case", quote(id));
  if (match[1] !== modality) {
    throw wrong(`${what}.modality`, `"${match[1]}", as in the id`, quote(modality));
  }

  const files: Record<string, ModelFile> = {};
  const listed = root.object("files");
  for (const name of listed.keys()) {
    const file = listed.object(name);
    const path = file.string("path");
    checkRelativePath(path, `${file.what}.path`);
    const sha256 = file.string("sha256");
    if (!/^[0-9a-f]{64}$/.test(sha256)) {
      throw wrong(`${file.what}.sha256`, "64 lower-case hexadecimal digits", quote(sha256));
    }
    const bytes = file.integer("bytes", 0);
    if (bytes > MODEL_FILE_MAX_BYTES) {
      throw new LimitError(`${file.what}.bytes`, {
        expected: `at most ${MODEL_FILE_MAX_BYTES}`,
        got: String(bytes),
        remedy: "Split the model, or correct the manifest.",
      });
    }
    define(files, name, { path, bytes, sha256 });
  }

  const licences = root.object("licences");
  const manifest: Manifest = {
    format,
    id,
    modality,
    version: root.string("version"),
    description: root.string("description", true),
    quantizer: root.string("quantizer"),
    codebookSizes: root.integers("codebookSizes", 1, 2 ** 31),
    stride: root.integers("stride", 1, Number.MAX_SAFE_INTEGER),
    files,
    settings: root.object("settings").value,
    licences: {
      code: licences.string("code"),
      weights: licences.string("weights"),
      data: licences.string("data"),
    },
  };
  const citation = root.has("citation") ? { citation: root.string("citation") } : {};
  const card = root.has("card")
    ? { card: root.list("card").map((item, i) => measurement(item, `${what}.card[${i}]`)) }
    : {};
  return { ...manifest, ...citation, ...card };
}

/**
 * A path from a file of unknown origin, relative to that file's folder: parts joined by "/", none of
 * them empty, "." or "..", nothing that a URL or Windows would read otherwise. Returns it.
 *
 * @throws IntegrityError
 */
export function checkRelativePath(path: string, what = "path"): string {
  const safe =
    typeof path === "string" &&
    path.length <= 1024 &&
    // No backslash, colon (schemes, drives, streams), percent (escapes), query, fragment, control.
    /^[^\\:%?#*"<>|\p{Cc}\p{Surrogate}]+$/u.test(path) &&
    // Windows drops dots and spaces at the end of a part.
    path.split("/").every((part) => part !== "" && !/^\s|[. ]$/.test(part));
  if (!safe) {
    throw new IntegrityError(what, {
      expected: "a plain relative path inside the manifest's folder",
      got: quote(String(path)),
      remedy: "Do not load this model: its manifest points elsewhere.",
    });
  }
  return path;
}

function measurement(value: unknown, what: string): Measurement {
  const item = new Reader(value, what);
  return {
    metric: item.string("metric"),
    value: item.number("value"),
    ...(item.has("unit") ? { unit: item.string("unit", true) } : {}),
    data: item.string("data", true),
  };
}

/** Typed access to the fields of one JSON object; errors name the path to the field. */
class Reader {
  readonly value: Readonly<Record<string, unknown>>;

  constructor(
    value: unknown,
    readonly what: string,
  ) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw wrong(what, "a JSON object", describe(value));
    }
    this.value = value as Record<string, unknown>;
  }

  keys(): string[] {
    return Object.keys(this.value);
  }

  has(name: string): boolean {
    return this.own(name) !== undefined;
  }

  string(name: string, mayBeEmpty = false): string {
    const value = this.own(name);
    if (typeof value !== "string" || (value === "" && !mayBeEmpty)) {
      throw this.wrongField(name, mayBeEmpty ? "a string" : "a string that is not empty");
    }
    return value;
  }

  number(name: string): number {
    const value = this.own(name);
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw this.wrongField(name, "a finite number");
    }
    return value;
  }

  integer(name: string, min: number): number {
    const value = this.own(name);
    if (!Number.isSafeInteger(value) || (value as number) < min) {
      throw this.wrongField(name, `an integer of at least ${min}`);
    }
    return value as number;
  }

  object(name: string): Reader {
    return new Reader(this.own(name), `${this.what}.${name}`);
  }

  list(name: string): readonly unknown[] {
    const value = this.own(name);
    if (!Array.isArray(value)) throw this.wrongField(name, "a list");
    return value;
  }

  integers(name: string, min: number, max: number): number[] {
    const list = this.list(name);
    const right = list.every(
      (n) => Number.isSafeInteger(n) && Number(n) >= min && Number(n) <= max,
    );
    if (list.length === 0 || !right) {
      throw this.wrongField(name, `a list of integers in [${min}, ${max}], at least one`);
    }
    return [...(list as number[])];
  }

  private own(name: string): unknown {
    return Object.hasOwn(this.value, name) ? this.value[name] : undefined;
  }

  private wrongField(name: string, expected: string): FormatError {
    return wrong(`${this.what}.${name}`, expected, describe(this.own(name)));
  }
}

function toPlain(source: string | Uint8Array | object, what: string): unknown {
  if (typeof source !== "string" && !(source instanceof Uint8Array)) return source;
  if (source.length > MANIFEST_MAX_BYTES) {
    throw new LimitError(what, {
      expected: `at most ${MANIFEST_MAX_BYTES} bytes`,
      got: String(source.length),
      remedy: "Check that this is the manifest and not a model file.",
    });
  }
  let text: string;
  if (typeof source === "string") text = source;
  else {
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(source);
    } catch (cause) {
      throw new FormatError(what, {
        expected: "JSON in UTF-8",
        got: "bytes that are not UTF-8",
        remedy: "Check that this is the manifest and not a model file.",
        cause,
      });
    }
  }
  return plain(parseJsonStrictly(text, what));
}

function plain(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const object: Record<string, unknown> = {};
  for (const [key, inner] of value as ReadonlyMap<string, JsonValue>) {
    define(object, key, plain(inner));
  }
  return object;
}

/** Sets an own property whatever its name: assigning to `__proto__` would change the prototype. */
function define<T>(object: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function wrong(
  what: string,
  expected: string,
  got: string,
  { remedy = "Correct the manifest, or fetch it again." } = {},
): FormatError {
  return new FormatError(what, { expected, got, remedy });
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") return quote(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "object" ? "an object" : typeof value;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
