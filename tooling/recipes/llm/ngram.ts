/*
 * What a model that only counts reaches: unigram and bigram over the codes of a sequence in its order,
 * interpolated after Witten and Bell, so that nothing has to be tuned:
 *
 *     P1(b)     = (c(b) + T / V) / (N + T)                    T kinds seen, V codes
 *     P2(b | a) = (c(a, b) + T(a) P1(b)) / (c(a) + T(a))      T(a) kinds seen behind a
 */

export class Ngram {
  private readonly counts: Float64Array;
  private readonly pairs = new Map<number, number>();
  private readonly behind: Float64Array;
  private readonly kinds: Float64Array;
  private total = 0;
  private seen = 0;

  /** @param size V */
  constructor(private readonly size: number) {
    this.counts = new Float64Array(size);
    this.behind = new Float64Array(size);
    this.kinds = new Float64Array(size);
  }

  /** Counts one sequence. */
  add(codes: ArrayLike<number>): void {
    for (let i = 0; i < codes.length; i++) {
      const b = codes[i]!;
      if (this.counts[b]!++ === 0) this.seen++;
      this.total++;
      if (i === 0) continue;
      const a = codes[i - 1]!;
      const key = a * this.size + b;
      const count = this.pairs.get(key) ?? 0;
      if (count === 0) this.kinds[a]!++;
      this.pairs.set(key, count + 1);
      this.behind[a]!++;
    }
  }

  probability1(b: number): number {
    return (this.counts[b]! + this.seen / this.size) / (this.total + this.seen);
  }

  probability2(a: number, b: number): number {
    const count = this.pairs.get(a * this.size + b) ?? 0;
    const prior = this.probability1(b);
    const kinds = this.kinds[a]!;
    return kinds === 0 ? prior : (count + kinds * prior) / (this.behind[a]! + kinds);
  }

  /** Bits of one sequence; its first code by the unigram in both. */
  bits(codes: ArrayLike<number>): { unigram: number; bigram: number } {
    let unigram = 0;
    let bigram = 0;
    for (let i = 0; i < codes.length; i++) {
      const one = -Math.log2(this.probability1(codes[i]!));
      unigram += one;
      bigram += i === 0 ? one : -Math.log2(this.probability2(codes[i - 1]!, codes[i]!));
    }
    return { unigram, bigram };
  }
}
