/*
 * Learns byte-pair merges over codes (Gage 1994; Sennrich et al., arXiv:1508.07909): the pair that
 * stands side by side most often becomes an id of its own, again and again. Speech units (Shen et
 * al., arXiv:2309.10922), PRISE's actions (arXiv:2402.10450) and FAST's (arXiv:2501.09747) are
 * shortened so.
 *
 * The corpus is one doubly linked list in typed arrays; each pair has the linked list of its places
 * and its count, so that a merge touches only where it happens.
 */

/** Pairs of a growing table: keys, counts, the first place of each. */
class Pairs {
  readonly index = new Map<number, number>();
  left = new Int32Array(1024);
  right = new Int32Array(1024);
  count = new Float64Array(1024);
  head = new Int32Array(1024);

  of(a: number, b: number, ids: number): number {
    const key = a * ids + b;
    let pair = this.index.get(key);
    if (pair !== undefined) return pair;
    pair = this.index.size;
    this.index.set(key, pair);
    if (pair === this.left.length) this.grow();
    this.left[pair] = a;
    this.right[pair] = b;
    this.head[pair] = -1;
    return pair;
  }

  private grow(): void {
    const wide = <T extends Int32Array | Float64Array>(old: T, next: T): T => {
      next.set(old);
      return next;
    };
    const size = this.left.length * 2;
    this.left = wide(this.left, new Int32Array(size));
    this.right = wide(this.right, new Int32Array(size));
    this.count = wide(this.count, new Float64Array(size));
    this.head = wide(this.head, new Int32Array(size));
  }
}

/** Pairs by count, the highest first; of equal ones the one with the lower left, then right id. */
class Queue {
  private readonly items: { pair: number; count: number }[] = [];
  constructor(private readonly pairs: Pairs) {}

  private before(a: { pair: number; count: number }, b: { pair: number; count: number }): boolean {
    if (a.count !== b.count) return a.count > b.count;
    const { left, right } = this.pairs;
    const difference = left[a.pair]! - left[b.pair]!;
    return difference !== 0 ? difference < 0 : right[a.pair]! < right[b.pair]!;
  }

  push(pair: number, count: number): void {
    const { items } = this;
    const item = { pair, count };
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!this.before(item, items[up]!)) break;
      items[at] = items[up]!;
      at = up;
    }
    items[at] = item;
  }

  pop(): { pair: number; count: number } | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= items.length) break;
      if (down + 1 < items.length && this.before(items[down + 1]!, items[down]!)) down++;
      if (!this.before(items[down]!, last)) break;
      items[at] = items[down]!;
      at = down;
    }
    items[at] = last;
    return top;
  }
}

/**
 * @param corpus all sequences, one behind the other, a place of -1 between them
 * @param size K, the codes below it
 * @param most ids at most, those of the codes included
 * @param least occurrences that a pair must have
 * @param longest codes that an id may stand for
 */
export function trainMerges(
  corpus: Int32Array,
  size: number,
  most: number,
  least: number,
  longest: number,
): Int32Array {
  const n = corpus.length;
  const ids = corpus.slice();
  const previous = new Int32Array(n);
  const next = new Int32Array(n);
  // Of the pair that begins at a place: which it is, and its neighbours in that pair's list.
  const pairAt = new Int32Array(n).fill(-1);
  const before = new Int32Array(n);
  const behind = new Int32Array(n);
  const pairs = new Pairs();
  const queue = new Queue(pairs);

  const link = (place: number): number => {
    const after = next[place]!;
    if (after >= n || ids[place]! < 0 || ids[after]! < 0) return -1;
    const pair = pairs.of(ids[place]!, ids[after]!, most);
    const head = pairs.head[pair]!;
    pairAt[place] = pair;
    before[place] = -1;
    behind[place] = head;
    if (head >= 0) before[head] = place;
    pairs.head[pair] = place;
    pairs.count[pair]!++;
    return pair;
  };
  const unlink = (place: number): void => {
    const pair = pairAt[place]!;
    if (pair < 0) return;
    const a = before[place]!;
    const b = behind[place]!;
    if (a >= 0) behind[a] = b;
    else pairs.head[pair] = b;
    if (b >= 0) before[b] = a;
    pairs.count[pair]!--;
    pairAt[place] = -1;
  };

  for (let i = 0; i < n; i++) {
    previous[i] = i - 1;
    next[i] = i + 1;
  }
  for (let i = n - 2; i >= 0; i--) link(i);
  for (let pair = 0; pair < pairs.index.size; pair++) queue.push(pair, pairs.count[pair]!);

  const lengths = new Int32Array(most).fill(1);
  const merges: number[] = [];
  let places = new Int32Array(1024);
  for (let id = size; id < most;) {
    const top = queue.pop();
    if (top === undefined) break;
    const { pair } = top;
    const count = pairs.count[pair]!;
    if (count !== top.count) {
      // Fewer than when it was queued: back to its place. More were queued when they came.
      if (count < top.count && count >= least) queue.push(pair, count);
      continue;
    }
    if (count < least) break;
    const a = pairs.left[pair]!;
    const b = pairs.right[pair]!;
    const length = lengths[a]! + lengths[b]!;
    if (length > longest) continue;
    if (places.length < count) places = new Int32Array(count * 2);
    let found = 0;
    for (let at = pairs.head[pair]!; at >= 0; at = behind[at]!) places[found++] = at;
    // Of a a a the first two are merged, as the encoder does.
    const list = places.subarray(0, found).sort();
    const grown = new Set<number>();
    let used = 0;
    for (const place of list) {
      if (pairAt[place] !== pair) continue;
      const second = next[place]!;
      const left = previous[place]!;
      const right = next[second]!;
      if (left >= 0) unlink(left);
      unlink(place);
      unlink(second);
      ids[place] = id;
      next[place] = right;
      if (right < n) previous[right] = place;
      const one = link(place);
      const two = left >= 0 ? link(left) : -1;
      if (one >= 0) grown.add(one);
      if (two >= 0) grown.add(two);
      used++;
    }
    // Overlaps count twice but are merged once.
    if (used === 0) continue;
    merges.push(a, b);
    lengths[id] = length;
    id++;
    for (const each of grown) queue.push(each, pairs.count[each]!);
  }
  return Int32Array.from(merges);
}
