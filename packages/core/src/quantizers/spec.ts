import { ArgumentError, FormatError } from "../errors/index.js";
import type {
  FitOptions,
  Quantizer,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import { pqFamily } from "./pq.js";
import { opqFamily } from "./opq.js";
import { lopqFamily } from "./lopq.js";
import { rvpqFamily } from "./rvpq.js";
import { vaqFamily } from "./vaq.js";
import { onlinePqFamily } from "./online-pq.js";
import { ervqFamily } from "./ervq.js";
import { irvqFamily } from "./irvq.js";
import { rvqFamily } from "./rvq.js";
import { groupRvqFamily } from "./group-rvq.js";
import { multiScaleRvqFamily } from "./multi-scale-rvq.js";
import { prvqFamily } from "./prvq.js";
import { cqFamily } from "./cq.js";
import { aqFamily } from "./aq.js";
import { lsqFamily } from "./lsq.js";
import { bsqFamily } from "./bsq.js";
import { fsqFamily } from "./fsq.js";
import { kmeansUnitsFamily } from "./kmeans-units.js";
import { lfqFamily } from "./lfq.js";
import { randomProjectionFamily } from "./random-projection.js";
import { vqCosineFamily, vqFamily } from "./vq.js";
import { hyperbolicVqFamily } from "./vq-hyp.js";

/**
 * Every family of this package. A registry is a plain list: pass your own to the functions below
 * to add a technique, or to keep the unused ones out of a bundle.
 */
export const quantizerFamilies: readonly QuantizerFamily[] = [
  vqFamily,
  vqCosineFamily,
  hyperbolicVqFamily,
  rvqFamily,
  ervqFamily,
  irvqFamily,
  prvqFamily,
  groupRvqFamily,
  multiScaleRvqFamily,
  pqFamily,
  opqFamily,
  lopqFamily,
  vaqFamily,
  rvpqFamily,
  onlinePqFamily,
  cqFamily,
  aqFamily,
  lsqFamily,
  fsqFamily,
  lfqFamily,
  bsqFamily,
  randomProjectionFamily,
  kmeansUnitsFamily,
];

/** The family that a spec string belongs to. */
export function familyOf(
  spec: string,
  families: readonly QuantizerFamily[] = quantizerFamilies,
): QuantizerFamily {
  const family = typeof spec === "string" ? families.find((f) => f.matches(spec)) : undefined;
  if (family === undefined) {
    throw new ArgumentError("quantizer spec", {
      expected: `one of ${families.map((f) => f.grammar).join(", ")}`,
      got: typeof spec === "string" ? JSON.stringify(spec.slice(0, 120)) : typeof spec,
      remedy: "Check the spelling; the part before the colon names the family.",
    });
  }
  return family;
}

/**
 * A quantizer that needs no fitting, from its spec: `createQuantizer("fsq:8,5,5,5")`.
 *
 * @throws ArgumentError if the family has to be fitted
 */
export function createQuantizer(
  spec: string,
  options: {
    readonly dim?: number;
    readonly seed?: number;
    readonly families?: readonly QuantizerFamily[];
  } = {},
): Quantizer {
  const { families, ...rest } = options;
  const family = familyOf(spec, families);
  if (family.create === undefined) {
    throw new ArgumentError(`quantizer ${spec}`, {
      expected: "a family that needs no fitting",
      got: `${family.kind}, whose codebooks are learned from vectors`,
      remedy: "Use fitQuantizer(spec, vectors), or load a fitted one.",
    });
  }
  return family.create(spec, rest);
}

/** Fits the quantizer of a spec to vectors: `await fitQuantizer("rvq:8x1024", vectors, { seed: 7 })`. */
export async function fitQuantizer(
  spec: string,
  vectors: VectorSource,
  options: FitOptions & { readonly families?: readonly QuantizerFamily[] } = {},
): Promise<Quantizer> {
  const { families, ...rest } = options;
  const family = familyOf(spec, families);
  if (family.fit === undefined) {
    throw new ArgumentError(`quantizer ${spec}`, {
      expected: "a family that is fitted",
      got: `${family.kind}, which has nothing to learn`,
      remedy: "Use createQuantizer(spec).",
    });
  }
  return family.fit(spec, vectors, rest);
}

/** The quantizer of a state, by the family of its kind. */
export function quantizerFromState(
  state: QuantizerState,
  families: readonly QuantizerFamily[] = quantizerFamilies,
): Quantizer {
  const family = families.find((f) => f.kind === state.kind);
  if (family === undefined) {
    throw new FormatError("quantizer state", {
      expected: `a kind of ${families.map((f) => f.kind).join(", ")}`,
      got: JSON.stringify(state.kind),
      remedy: "Pass the family that wrote it, or update @dtok/core.",
    });
  }
  return family.fromState(state);
}
