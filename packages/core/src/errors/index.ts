const MARK = /* @__PURE__ */ Symbol.for("dtok.error");

export interface ErrorParts {
  /** What was asked of the input. */
  readonly expected: string;
  /** What came instead. */
  readonly got: string;
  /** What to do about it. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/**
 * Base of all typed errors. Recognise one with `isDtokError`, which also holds across two installed
 * copies of this package (a marker, not `instanceof`).
 */
export class DtokError extends Error {
  /** Stable machine-readable name, e.g. "shape". */
  readonly code: string;
  readonly expected: string;
  readonly got: string;
  readonly remedy: string;

  constructor(code: string, what: string, parts: ErrorParts) {
    super(
      `${what}: expected ${parts.expected}, got ${parts.got}. ${parts.remedy}`,
      parts.cause === undefined ? undefined : { cause: parts.cause },
    );
    this.name = new.target.name;
    this.code = code;
    this.expected = parts.expected;
    this.got = parts.got;
    this.remedy = parts.remedy;
    Object.defineProperty(this, MARK, { value: true });
  }
}

export function isDtokError(error: unknown): error is DtokError {
  return typeof error === "object" && error !== null && MARK in error;
}

/** An argument outside its domain: a level count, a seed, a spec string, … */
export class ArgumentError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("argument", what, parts);
  }
}

/** An array whose shape or length does not fit. */
export class ShapeError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("shape", what, parts);
  }
}

/** NaN, infinity, or a value that the quantizer cannot take. */
export class ValueError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("value", what, parts);
  }
}

/** A code outside its codebook. */
export class CodeRangeError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("code-range", what, parts);
  }
}

/** A file or byte string that is not what it claims to be: cut short, malformed, of a newer version. */
export class FormatError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("format", what, parts);
  }
}

/** Bytes whose checksum differs from the manifest's. */
export class IntegrityError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("integrity", what, parts);
  }
}

/** Tokens or a state of another tokenizer or quantizer. */
export class MismatchError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("mismatch", what, parts);
  }
}

/** A peer package or a capability that is not there. */
export class MissingError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("missing", what, parts);
  }
}

/** Input larger than what is accepted (decompression bombs, headers that ask for absurd memory). */
export class LimitError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("limit", what, parts);
  }
}
