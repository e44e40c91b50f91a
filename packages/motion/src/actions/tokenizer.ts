/**
 * Tokenizers of actions: trajectories of D numbers per step (angles of joints, velocities, an end
 * effector's place) to codes and back. They are fitted on trajectories and are plain data; no network.
 */
import {
  ArgumentError,
  FormatError,
  MismatchError,
  ShapeError,
  ValueError,
  readSafetensors,
  writeSafetensors,
} from "@dtok/core";
import type { Matrix, QuantizerState, SideValue, Tensor, TokenGrid } from "@dtok/core";

/** What a technique may look at besides the actions. */
export interface ActionContext {
  /** States [T, S] that both sides know; only "saq" fitted with states asks for them. */
  readonly states?: Matrix;
}

export interface ActionTokenizer {
  /** "bins", "fast", "skills", "saq", "hyperbolic". */
  readonly kind: string;
  /** D. */
  readonly dim: number;
  /** Entries of each codebook, length Q. */
  readonly codebookSizes: readonly number[];
  /**
   * Actions [T, D], T >= 1, to a grid [n] of codes; n depends on the actions where runs are merged.
   * `side.rows` is T.
   *
   * @throws ShapeError, ValueError (NaN: with row and column)
   */
  encode(actions: Matrix, context?: ActionContext): TokenGrid;
  /**
   * A grid back to actions [T, D].
   *
   * @throws MismatchError for a grid of another tokenizer, CodeRangeError, FormatError where codes and
   *   `side` contradict each other (a model wrote half a chunk)
   */
  decode(grid: TokenGrid, context?: ActionContext): Matrix;
  toState(): QuantizerState;
}

/** Most rows that a grid may say it has: 23 days at 10 per second. */
const MAX_ROWS = 20_000_000;
/** Most numbers of a decoded trajectory. */
const MAX_VALUES = 2 ** 29;

/** Checks actions [T, D] and returns T. */
export function checkActions(actions: Matrix, dim?: number, what = "actions"): number {
  const shape = actions?.shape as readonly number[] | undefined;
  const good =
    actions?.data instanceof Float32Array &&
    shape?.length === 2 &&
    Number.isSafeInteger(shape[0]) &&
    shape[0]! >= 1 &&
    shape[1]! >= 1 &&
    actions.data.length === shape[0]! * shape[1]! &&
    (dim === undefined || shape[1] === dim);
  if (!good) {
    throw new ShapeError(what, {
      expected: `{ data: Float32Array, shape: [T, ${dim ?? "D"}] } with T of at least 1`,
      got: shape === undefined ? String(actions) : `shape [${shape.join(", ")}]`,
      remedy: "Pass one row per step, with the columns that the tokenizer was fitted on.",
    });
  }
  const bad = actions.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new ValueError(what, {
      expected: "finite numbers",
      got: `${actions.data[bad]} at row ${Math.floor(bad / shape[1]!)}, column ${bad % shape[1]!}`,
      remedy: "Fill gaps of the recording first.",
    });
  }
  return shape[0]!;
}

/** All trajectories to fit on: at least one, all of one width. Returns D. */
export function checkTrajectories(trajectories: readonly Matrix[]): number {
  if (!Array.isArray(trajectories) || trajectories.length === 0) {
    throw new ArgumentError("trajectories", {
      expected: "at least one trajectory [T, D]",
      got: "none",
      remedy: "Pass what the tokenizer is to be fitted on.",
    });
  }
  const dim = (trajectories[0] as Matrix).shape?.[1];
  for (const [i, one] of trajectories.entries()) checkActions(one, dim, `trajectory ${i}`);
  return dim as number;
}

/** An integer option in [min, max]. */
export function checkOption(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new ArgumentError(name, {
    expected: `an integer in [${min}, ${max}]`,
    got: String(value),
    remedy: "Correct the option.",
  });
}

export function actionGrid(
  tokenizer: ActionTokenizer,
  data: Int32Array,
  side: Readonly<Record<string, SideValue>>,
): TokenGrid {
  const { kind, codebookSizes } = tokenizer;
  const positions = data.length / codebookSizes.length;
  return {
    codes: { data, shape: [positions, codebookSizes.length] },
    shape: [positions],
    codebookSizes,
    side,
    tokenizer: `actions/${kind}`,
  };
}

/** Checks that a grid is of this tokenizer and returns `side.rows`. */
export function checkActionGrid(tokenizer: ActionTokenizer, grid: TokenGrid): number {
  const { kind, codebookSizes, dim } = tokenizer;
  const { tokenizer: id = `actions/${kind}`, shape, codes } = grid;
  if (
    id !== `actions/${kind}` ||
    shape.length !== 1 ||
    codes.shape[0] !== shape[0] ||
    codes.shape[1] !== codebookSizes.length ||
    codes.data.length !== codes.shape[0] * codes.shape[1] ||
    grid.codebookSizes.join() !== codebookSizes.join()
  ) {
    throw new MismatchError("grid of actions", {
      expected: `one axis of actions/${kind}, codebooks of ${codebookSizes.join(", ").slice(0, 80)}`,
      got: `${id} [${shape.join(", ")}], codebooks of ${grid.codebookSizes.join(", ").slice(0, 80)}`,
      remedy: "Decode by the tokenizer that encoded.",
    });
  }
  const { rows } = grid.side;
  if (!Number.isSafeInteger(rows) || (rows as number) < 1 || (rows as number) > MAX_ROWS) {
    throw badGrid(`side.rows from 1 to ${MAX_ROWS}`, String(rows));
  }
  if ((rows as number) * dim > MAX_VALUES) {
    throw badGrid(`at most ${MAX_VALUES} numbers in all`, `${String(rows)} rows of ${dim}`);
  }
  return rows as number;
}

export function badGrid(expected: string, got: string): FormatError {
  return new FormatError("grid of actions", {
    expected,
    got,
    remedy: "Pass codes as the tokenizer wrote them; a generated sequence may have been cut short.",
  });
}

/** FormatError of a state whose contents do not fit together. */
export function badState(kind: string, expected: string, got: unknown): FormatError {
  return new FormatError(`state of ${kind} actions`, {
    expected,
    got: String(got).slice(0, 80),
    remedy: "The file is damaged or was written by faulty software.",
  });
}

/** A float32 tensor of a state of `length` finite numbers. */
export function floatsOf(state: QuantizerState, name: string, length: number): Float32Array {
  const data = Object.hasOwn(state.tensors, name) ? state.tensors[name]!.data : undefined;
  if (!(data instanceof Float32Array) || data.length !== length || !data.every(Number.isFinite)) {
    throw badState(state.kind, `${length} finite float32 numbers in "${name}"`, data?.length);
  }
  return data;
}

/** An integer of a state's config in [min, max]. */
export function integerOf(state: QuantizerState, key: string, min: number, max: number): number {
  const value = state.config[key];
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number;
  }
  throw badState(state.kind, `config.${key} to be an integer in [${min}, ${max}]`, value);
}

/** The state of a part, with its tensors' names behind `prefix.`. */
export function embedState(prefix: string, state: QuantizerState) {
  const tensors: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(state.tensors)) tensors[`${prefix}.${name}`] = tensor;
  return { config: { kind: state.kind, version: state.version, config: state.config }, tensors };
}

/** The inverse of `embedState`. */
export function extractState(
  state: QuantizerState,
  prefix: string,
  config: unknown,
): QuantizerState {
  const part = config as Partial<QuantizerState> | null | undefined;
  if (
    typeof part !== "object" ||
    part === null ||
    typeof part.kind !== "string" ||
    typeof part.version !== "number" ||
    typeof part.config !== "object" ||
    part.config === null
  ) {
    throw badState(state.kind, `a state at ${prefix}`, JSON.stringify(config));
  }
  const tensors: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(state.tensors)) {
    if (name.startsWith(`${prefix}.`)) tensors[name.slice(prefix.length + 1)] = tensor;
  }
  return { kind: part.kind, version: part.version, config: part.config, tensors };
}

const FORMAT = "dtok-actions-1";

/**
 * An action tokenizer as one safetensors file.
 *
 * @param columns names of the D dimensions, for readers of tables
 */
export function saveActionTokenizer(
  tokenizer: ActionTokenizer,
  columns?: readonly string[],
): Uint8Array {
  if (columns && columns.length !== tokenizer.dim) {
    throw new ArgumentError("columns", {
      expected: `${tokenizer.dim} names`,
      got: String(columns.length),
      remedy: "Name each dimension, or leave the names out.",
    });
  }
  const { kind, version, config, tensors } = tokenizer.toState();
  return writeSafetensors(tensors, {
    "dtok.format": FORMAT,
    "dtok.kind": kind,
    "dtok.version": String(version),
    "dtok.config": JSON.stringify(config),
    ...(columns && { "dtok.columns": JSON.stringify(columns) }),
  });
}

/** The names of the dimensions in a file of `saveActionTokenizer`; undefined where there are none. */
export function readActionColumns(bytes: Uint8Array): string[] | undefined {
  const text = readSafetensors(bytes).metadata["dtok.columns"];
  if (text === undefined) return undefined;
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch {
    names = undefined;
  }
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  throw new FormatError("action tokenizer", {
    expected: "a list of names in metadata dtok.columns",
    got: text.slice(0, 80),
    remedy: "The file is damaged.",
  });
}

/** The state in a file of `saveActionTokenizer`. @throws FormatError */
export function readActionState(bytes: Uint8Array): QuantizerState {
  const { tensors, metadata } = readSafetensors(bytes);
  const version = Number(metadata["dtok.version"]);
  let config: unknown;
  try {
    config = JSON.parse(metadata["dtok.config"] ?? "");
  } catch {
    config = undefined;
  }
  if (
    metadata["dtok.format"] !== FORMAT ||
    typeof config !== "object" ||
    config === null ||
    Array.isArray(config)
  ) {
    throw new FormatError("action tokenizer", {
      expected: `a safetensors file of format ${FORMAT}`,
      got: metadata["dtok.format"] ?? "another file",
      remedy: "Pass what saveActionTokenizer (or `dtok motion actions fit`) wrote.",
    });
  }
  if (version !== 1) {
    throw new FormatError("action tokenizer", {
      expected: "version 1",
      got: String(version),
      remedy: "Update @dtok/motion: the file was written by a newer version.",
    });
  }
  return {
    kind: metadata["dtok.kind"] ?? "",
    version,
    config: config as Record<string, unknown>,
    tensors,
  };
}
