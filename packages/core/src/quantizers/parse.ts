import { ArgumentError, FormatError, MismatchError } from "../errors/index.js";
import type { QuantizerState } from "../spec/quantizer.js";
import { isCount } from "./checks.js";

/** The error of a spec string that does not follow its family's grammar. */
export function specError(spec: string, grammar: string): ArgumentError {
  return new ArgumentError("quantizer spec", {
    expected: grammar,
    got: JSON.stringify(spec.length > 120 ? `${spec.slice(0, 120)}…` : spec),
    remedy: "See the table of techniques for the grammar of each family.",
  });
}

/** A positive decimal integer without sign, blanks or leading zeros, at most `max`. */
export function parseCount(text: string, max: number, spec: string, grammar: string): number {
  const value = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw specError(spec, `${grammar} with integers from 1 to ${max}`);
  return value;
}

/** What follows `prefix:` in a spec. */
export function specBody(spec: string, prefix: string, grammar: string): string {
  if (!spec.startsWith(`${prefix}:`)) throw specError(spec, grammar);
  return spec.slice(prefix.length + 1);
}

/** Refuses a state of another kind (MismatchError) or of a newer version (FormatError). */
export function checkState(state: QuantizerState, kind: string, newest = 1): void {
  if (state.kind !== kind) {
    throw new MismatchError("quantizer state", {
      expected: `kind ${kind}`,
      got: JSON.stringify(state.kind),
      remedy: "Load it by the family that wrote it.",
    });
  }
  if (!isCount(state.version) || state.version < 1 || state.version > newest) {
    throw new FormatError("quantizer state", {
      expected: `version 1 to ${newest} of ${kind}`,
      got: String(state.version),
      remedy: "Update @dtok/core: the file was written by a newer version.",
    });
  }
}

/** An integer of a state's config in [min, max]. */
export function stateInteger(state: QuantizerState, key: string, min: number, max: number): number {
  const value = state.config[key];
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw stateError(state, `config.${key} to be an integer in [${min}, ${max}]`, value);
  }
  return value as number;
}

/** A list of integers of a state's config, each in [min, max]. */
export function stateIntegers(
  state: QuantizerState,
  key: string,
  min: number,
  max: number,
): number[] {
  const value = state.config[key];
  const good =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((v) => Number.isSafeInteger(v) && (v as number) >= min && (v as number) <= max);
  if (!good) throw stateError(state, `config.${key} to list integers in [${min}, ${max}]`, value);
  return [...(value as number[])];
}

/** One of the words that a config entry allows. */
export function stateWord<W extends string>(
  state: QuantizerState,
  key: string,
  words: readonly W[],
): W {
  const value = state.config[key];
  if (!words.includes(value as W)) {
    throw stateError(state, `config.${key} to be one of ${words.join(", ")}`, value);
  }
  return value as W;
}

/**
 * A float32 tensor of a state with the given shape (`undefined` extents match any), all finite.
 * The result's `shape` is the tensor's own.
 */
export function stateFloats(
  state: QuantizerState,
  name: string,
  shape: readonly (number | undefined)[],
): { readonly data: Float32Array; readonly shape: readonly number[] } {
  const tensor = Object.hasOwn(state.tensors, name) ? state.tensors[name] : undefined;
  const wanted = `float32 tensor "${name}" of shape [${shape.map((s) => s ?? "any").join(", ")}]`;
  if (tensor === undefined) throw stateError(state, `a ${wanted}`, undefined);
  const fits =
    tensor.data instanceof Float32Array &&
    tensor.shape.length === shape.length &&
    shape.every((extent, axis) => extent === undefined || extent === tensor.shape[axis]) &&
    tensor.shape.reduce((a, b) => a * b, 1) === tensor.data.length;
  if (!fits) {
    throw stateError(state, `a ${wanted}`, `${tensor.dtype ?? ""} [${tensor.shape.join(", ")}]`);
  }
  const data = tensor.data as Float32Array;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw stateError(state, `finite numbers in tensor "${name}"`, `${data[i]} at ${i}`);
    }
  }
  return { data, shape: tensor.shape };
}

/** FormatError of a state whose contents do not fit together. */
export function stateError(state: QuantizerState, expected: string, got: unknown): FormatError {
  const text = typeof got === "string" ? got : (JSON.stringify(got) ?? "nothing");
  return new FormatError(`state of ${state.kind}`, {
    expected,
    got: text.length > 80 ? `${text.slice(0, 80)}…` : text,
    remedy: "The file is damaged or was written by faulty software.",
  });
}
