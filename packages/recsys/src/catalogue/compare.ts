import { MismatchError, usageDrift } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { formatId } from "../ids/print.js";
import { ResidualQuantizer, fitResidual } from "../quantizers/residual.js";
import { squaredError } from "./catalogue.js";
import type { Catalogue } from "./catalogue.js";

export interface CatalogueComparison {
  readonly kept: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Items of both whose IDs differ: what a model that was trained on `before` must unlearn. */
  readonly changed: readonly {
    readonly item: string;
    readonly before: string;
    readonly after: string;
  }[];
}

/** From one version of a catalogue to another: the table that migrates stored IDs. */
export function compareCatalogues(before: Catalogue, after: Catalogue): CatalogueComparison {
  const changed: { item: string; before: string; after: string }[] = [];
  let kept = 0;
  for (const item of before.itemIds) {
    if (!after.has(item)) continue;
    const [a, b] = [before.idOf(item), after.idOf(item)];
    if (a === b) kept++;
    else changed.push({ item, before: a, after: b });
  }
  return {
    kept,
    changed,
    added: after.itemIds.filter((item) => !before.has(item)),
    removed: before.itemIds.filter((item) => !after.has(item)),
  };
}

export interface DriftReport {
  readonly items: number;
  /** Mean squared error per vector when the catalogue was made. */
  readonly errorBefore: number;
  /** Of the vectors at hand. */
  readonly errorNow: number;
  /** errorNow / errorBefore: above 1, the codebooks fit today's items worse than those they were fitted to. */
  readonly ratio: number;
  /** Jensen-Shannon divergence in bits, in [0, 1], of each level's code frequencies: catalogue against the vectors at hand. */
  readonly usage: readonly number[];
  /** Items whose present ID is not what the quantizer gives their vector today (suffixes aside). */
  readonly moved: number;
  /**
   * Share of the given items whose codes a refit would change, the refit starting from the present
   * codebooks so that codes stay comparable; undefined for quantizers that cannot start warm.
   */
  readonly refitChanges: number | undefined;
  /** Mean squared error per vector after that refit. */
  readonly refitError: number | undefined;
}

/**
 * How well the catalogue's quantizer fits today's items.
 *
 * @param items names of the vectors' items; those that the catalogue lacks count as new
 * @param vectors [N, D] in the quantizer's space
 */
export async function catalogueDrift(
  catalogue: Catalogue,
  items: readonly string[],
  vectors: Matrix,
  options: { readonly refit?: boolean; readonly signal?: AbortSignal } = {},
): Promise<DriftReport> {
  const { quantizer } = catalogue;
  const codes = await quantizer.quantizeAsync(
    vectors,
    options.signal ? { signal: options.signal } : {},
  );
  const [count, width] = codes.shape;
  if (count !== items.length || count === 0) {
    throw new MismatchError("vectors", {
      expected: `${items.length} vectors, one per item, and at least one`,
      got: String(count),
      remedy: "Pass one vector per name.",
    });
  }
  let moved = 0;
  for (const [n, item] of items.entries()) {
    if (!catalogue.has(item)) continue;
    const id = catalogue.codesOf(item);
    if (codes.data.subarray(n * width, (n + 1) * width).some((code, l) => code !== id[l])) moved++;
  }
  const own = catalogue.codes;
  const kept = new Int32Array(own.shape[0] * width);
  for (let n = 0; n < own.shape[0]; n++) {
    for (let l = 0; l < width; l++) kept[n * width + l] = own.data[n * own.shape[1] + l]!;
  }
  const errorNow = squaredError(vectors, quantizer.dequantize(codes)) / count;
  let refitChanges: number | undefined;
  let refitError: number | undefined;
  if ((options.refit ?? true) && quantizer instanceof ResidualQuantizer) {
    const refitted = await fitResidual(quantizer.spec, vectors, {
      start: quantizer.codebooks,
      ...(options.signal && { signal: options.signal }),
    });
    const next = await refitted.quantizeAsync(vectors);
    let differing = 0;
    for (let n = 0; n < count; n++) {
      const at = n * width;
      for (let l = 0; l < width; l++) {
        if (next.data[at + l] === codes.data[at + l]) continue;
        differing++;
        break;
      }
    }
    refitChanges = differing / count;
    refitError = squaredError(vectors, refitted.dequantize(next)) / count;
  }
  return {
    items: count,
    errorBefore: catalogue.baseline,
    errorNow,
    ratio: errorNow / catalogue.baseline,
    usage: usageDrift({ data: kept, shape: [own.shape[0], width] }, codes, quantizer.codebookSizes),
    moved,
    refitChanges,
    refitError,
  };
}

/** IDs of a comparison as lines of tab-separated text: item, before, after ("" where there is none). */
export function migrationTable(
  comparison: CatalogueComparison,
  before: Catalogue,
  after: Catalogue,
): string {
  const clean = (text: string) => text.replaceAll(/[\t\r\n]/g, " ");
  const lines = ["item\tbefore\tafter"];
  for (const { item, before: a, after: b } of comparison.changed)
    lines.push(`${clean(item)}\t${a}\t${b}`);
  for (const item of comparison.removed)
    lines.push(`${clean(item)}\t${formatId(before.codesOf(item))}\t`);
  for (const item of comparison.added)
    lines.push(`${clean(item)}\t\t${formatId(after.codesOf(item))}`);
  return `${lines.join("\n")}\n`;
}
