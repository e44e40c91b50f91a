import { DtokError } from "@dtok/core";
import type { ErrorParts } from "@dtok/core";

/** A session or runtime that is used after `close()`. */
export class ClosedError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("closed", what, parts);
  }
}

/** ONNX Runtime itself failed while it ran a graph; its message is the cause. */
export class ModelRunError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("model-run", what, parts);
  }
}

/** A model file that could not be fetched or read: a missing file, an HTTP status, a dead connection. */
export class FetchError extends DtokError {
  constructor(what: string, parts: ErrorParts) {
    super("fetch", what, parts);
  }
}

/** One line of whatever was thrown, for `got`. */
export function describeCause(error: unknown, maxLength = 400): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}
