import { checkCodes } from "@dtok/core";
import type { Codes } from "@dtok/core";
import { sortRows } from "./trie.js";

/** How many items share IDs. */
export interface CollisionReport {
  readonly items: number;
  /** Different IDs. */
  readonly ids: number;
  /** Items whose ID another item has too. */
  readonly colliding: number;
  /** colliding / items: 0 if every ID is one item's. */
  readonly rate: number;
  /** Items of the ID that most items share. */
  readonly largest: number;
  /** groups[i] = IDs that exactly i + 1 items share, up to `largest`. */
  readonly groups: readonly number[];
}

/** Collisions of codes [N, Q]. */
export function collisionReport(codes: Codes, codebookSizes: readonly number[]): CollisionReport {
  const items = checkCodes(codes, codebookSizes);
  const groups: number[] = [];
  let colliding = 0;
  let ids = 0;
  for (const { length } of groupsOf(codes, codebookSizes, codebookSizes.length)) {
    ids++;
    if (length > 1) colliding += length;
    while (groups.length < length) groups.push(0);
    groups[length - 1]!++;
  }
  return {
    items,
    ids,
    colliding,
    rate: items === 0 ? 0 : colliding / items,
    largest: groups.length,
    groups,
  };
}

/** Rows that share their first `length` codes, group by group in the order of IDs; rows rise within a group of equal IDs. */
export function* groupsOf(
  codes: Codes,
  codebookSizes: readonly number[],
  length: number,
): Generator<Uint32Array> {
  const [rows, depth] = codes.shape;
  const { data } = codes;
  const order = sortRows(codes, codebookSizes);
  let begin = 0;
  for (let i = 1; i <= rows; i++) {
    let same = i < rows ? 0 : -1;
    if (same === 0) {
      const [a, b] = [order[i]! * depth, order[i - 1]! * depth];
      while (same < length && data[a + same] === data[b + same]) same++;
    }
    if (same === length) continue;
    yield order.subarray(begin, i);
    begin = i;
  }
}
