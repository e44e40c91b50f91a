import { ArgumentError } from "@dtok/core";
import { delay } from "./delay.js";
import { interleaved } from "./interleaved.js";
import { levelMajor } from "./level-major.js";
import { rowSeparated } from "./row-separated.js";

import type { SequenceLayout } from "./layout.js";

const LAYOUTS = {
  interleaved,
  "level-major": levelMajor,
  "row-separated": rowSeparated,
  delay,
} as const satisfies Record<string, SequenceLayout>;

export type SequenceLayoutName = keyof typeof LAYOUTS;

export const sequenceLayoutNames = Object.freeze(
  Object.keys(LAYOUTS),
) as readonly SequenceLayoutName[];

/** Tables of layouts that were asked for last: one per extent, at most `CACHED`. */
const CACHED = 16;

/** Keeps the tables of the extents that were used last. */
export class LayoutTables {
  private readonly tables = new Map<string, Int32Array>();

  get(name: SequenceLayoutName, shape: readonly number[], levels: number): Int32Array {
    const key = `${name} ${shape.join("x")} ${levels}`;
    let table = this.tables.get(key);
    if (table === undefined) table = sequenceLayout(name).order(shape, levels);
    else this.tables.delete(key);
    this.tables.set(key, table);
    if (this.tables.size > CACHED) this.tables.delete(this.tables.keys().next().value as string);
    return table;
  }
}

/** @throws ArgumentError for a name that is none */
export function sequenceLayout(name: SequenceLayoutName): SequenceLayout {
  if (!Object.hasOwn(LAYOUTS, name)) {
    throw new ArgumentError("layout", {
      expected: `one of ${sequenceLayoutNames.join(", ")}`,
      got: String(name),
      remedy: "Choose one of them.",
    });
  }
  return LAYOUTS[name];
}
