import type { Matrix } from "@dtok/core";

/** Items of a catalogue: one vector each (text features, embeddings of a model, collaborative ones). */
export interface ItemSignal {
  /** [N, D]. */
  readonly vectors: Matrix;
  /** Names of the items, length N. They stay with the caller: tokens do not hold them. */
  readonly ids?: readonly string[];
}

declare module "@dtok/core" {
  interface Signals {
    recsys: ItemSignal;
  }
}
