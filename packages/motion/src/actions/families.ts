import { ArgumentError } from "@dtok/core";
import type { FitOptions, Matrix, QuantizerState } from "@dtok/core";
import { BinActions } from "./bins.js";
import type { BinsOptions } from "./bins.js";
import { FastActions } from "./fast.js";
import type { FastOptions } from "./fast.js";
import { HyperbolicActions } from "./hyperbolic.js";
import type { HyperbolicOptions } from "./hyperbolic.js";
import { SaqActions } from "./saq.js";
import type { SaqOptions } from "./saq.js";
import { SkillActions } from "./skills.js";
import type { SkillsOptions } from "./skills.js";
import { readActionState } from "./tokenizer.js";
import type { ActionTokenizer } from "./tokenizer.js";

export interface ActionOptions {
  readonly bins: BinsOptions;
  readonly fast: FastOptions;
  readonly skills: SkillsOptions;
  readonly saq: SaqOptions;
  readonly hyperbolic: HyperbolicOptions;
}

export type ActionKind = keyof ActionOptions;

interface ActionFamily<K extends ActionKind> {
  readonly what: string;
  fit(
    trajectories: readonly Matrix[],
    options?: ActionOptions[K],
  ): ActionTokenizer | Promise<ActionTokenizer>;
  fromState(state: QuantizerState): ActionTokenizer;
}

/** The action tokenizers of this package. */
export const actionFamilies: { readonly [K in ActionKind]: ActionFamily<K> } = {
  bins: {
    what: "uniform bins of every dimension (RT-1)",
    fit: BinActions.fit,
    fromState: BinActions.fromState,
  },
  fast: {
    what: "DCT of chunks, rounded, byte-pair merges (FAST)",
    fit: FastActions.fit,
    fromState: FastActions.fromState,
  },
  skills: {
    what: "VQ of steps, byte-pair merges to skills (PRISE)",
    fit: SkillActions.fit,
    fromState: SkillActions.fromState,
  },
  saq: {
    what: "VQ that depends on the state (SAQ)",
    fit: SaqActions.fit,
    fromState: SaqActions.fromState,
  },
  hyperbolic: {
    what: "chunks in a codebook in the Poincaré ball (LLM-AR)",
    fit: HyperbolicActions.fit,
    fromState: HyperbolicActions.fromState,
  },
};

function familyOf<K extends ActionKind>(kind: K): ActionFamily<K> {
  if (Object.hasOwn(actionFamilies, kind)) return actionFamilies[kind] as ActionFamily<K>;
  throw new ArgumentError("action tokenizer", {
    expected: `one of ${Object.keys(actionFamilies).join(", ")}`,
    got: JSON.stringify(kind),
    remedy: "Choose one of these.",
  });
}

/**
 * Fits an action tokenizer to trajectories [T, D] of one kind of body and one rate.
 *
 * @throws ArgumentError, ShapeError, ValueError
 */
export async function fitActions<K extends ActionKind>(
  kind: K,
  trajectories: readonly Matrix[],
  options?: ActionOptions[K] & Pick<FitOptions, "seed">,
): Promise<ActionTokenizer> {
  return familyOf(kind).fit(trajectories, options);
}

/** Reads a file of `saveActionTokenizer`. @throws FormatError */
export function loadActionTokenizer(bytes: Uint8Array): ActionTokenizer {
  const state = readActionState(bytes);
  return familyOf(state.kind as ActionKind).fromState(state);
}
