/*
 * Plans for quantizers whose codes are nearest words in turns: of intervals of the coordinates (PQ, and
 * OPQ behind its rotation), or of what the levels before leave (greedy RVQ). Codes are those of
 * `nearest`, of which these take the steps tile by tile.
 */
import { Layout, hasWasmKernels } from "../kernels/module.js";
import { codebookMean, copyRows, searchLayout } from "../kernels/wasm.js";
import { MAX_THREAD_BYTES, tilePlan } from "../kernels/tile-plan.js";
import type { TilePlan } from "../spec/kernels.js";

/** Words [size, width] that are compared with coordinates [start, start + width). */
export interface PlannedPart {
  readonly start: number;
  readonly width: number;
  readonly size: number;
  readonly words: Float32Array;
}

/**
 * @param residual whether each part's word is taken off the vector before the next
 * @param rotation R [dim, dim]: parts see R x
 * @returns null without WebAssembly, or where the codebooks are too large for a thread
 */
export function searchPlan(
  dim: number,
  parts: readonly PlannedPart[],
  options: { readonly residual?: boolean; readonly rotation?: Float32Array } = {},
): TilePlan | null {
  if (!hasWasmKernels()) return null;
  const { residual = false, rotation } = options;
  const layout = new Layout();
  const places = parts.map((part) => {
    const at = searchLayout(part.size, part.width);
    return { ...at, base: layout.take(at.bytes), params: layout.take(96) };
  });
  const tile = places[0]!.tile;
  const width = parts.length;
  const x = layout.take(tile * dim * 4);
  const codes = layout.take(tile * width * 4);
  const data: [number, Float32Array | Int32Array][] = [];
  const prepare: [string, ...number[]][] = [];
  const run: [string, number][] = [];
  let source = x;
  let stride = dim;
  if (rotation !== undefined) {
    const whole = (dim + 7) & ~7;
    const rows = layout.take(dim * dim * 4);
    const panels = layout.take(whole * dim * 4);
    const bias = layout.take(whole * 4);
    source = layout.take(tile * whole * 4);
    stride = whole;
    const params = layout.take(24);
    data.push([rows, rotation], [bias, new Float32Array(whole)]);
    data.push([params, Int32Array.of(x, dim, panels, dim, bias, source)]);
    prepare.push(["packPanels", rows, dim, dim, panels]);
    run.push(["turnTile", params]);
  }
  if (layout.at > MAX_THREAD_BYTES) return null;
  parts.forEach(({ start, width: own, size, words }, m) => {
    const at = places[m]!;
    const { pad, base } = at;
    const spaced = new Float32Array(size * pad);
    copyRows(words, 0, size, own, pad, spaced);
    const mean = new Float32Array(pad);
    mean.set(codebookMean({ data: words, shape: [size, own] }));
    const moved = (place: number): number => base + place;
    data.push([moved(at.c), spaced], [moved(at.mean), mean]);
    data.push([
      at.params,
      Int32Array.of(
        source + 4 * start,
        stride,
        own,
        pad,
        moved(at.x),
        moved(at.mean),
        moved(at.packed),
        moved(at.lengths),
        moved(at.state),
        moved(at.norms),
        moved(at.whole),
        size,
        moved(at.panelsAt),
        at.panels,
        at.blockPanels,
        moved(at.maxima),
        moved(at.top),
        moved(at.c),
        moved(at.bests),
        moved(at.indicesAt),
        moved(at.distancesAt),
        codes + 4 * m,
        width,
        residual && m + 1 < width ? 1 : 0,
      ),
    ]);
    prepare.push([
      "packCodebook",
      moved(at.c),
      size,
      pad,
      moved(at.mean),
      moved(at.panelsAt),
      moved(at.norms),
      moved(at.state),
    ]);
    run.push(["searchPart", at.params]);
  });
  return tilePlan({ bytes: layout.at, tile, dim, width, x, codes, data, prepare, run });
}
