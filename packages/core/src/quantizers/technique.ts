/**
 * One row of the table of techniques (TECHNIQUES.md). Every module of `quantizers/` exports its rows
 * as `techniques`; `src/techniques.ts` joins them.
 */
export interface Technique {
  /** Explicit id, unique in the whole project: "t-fsq". Names alone clash (three SQ, three DPQ). */
  readonly id: string;
  readonly name: string;
  /** Quantizer kind that runs it, where there is one. */
  readonly kind?: string;
  readonly family: "VQ" | "RVQ" | "PQ" | "AQ" | "FSQ" | "LFQ" | "BSQ" | "units" | "general";
  /** File in packages/core/src. */
  readonly file: string;
  /** An example: a spec string, or the option that switches it on. */
  readonly use: string;
  /** Paper (arXiv id or DOI) and equation. */
  readonly source: string;
}
