/** A source of numbers in [0, 1): seeded, so that a run can be repeated. */
export type Random = () => number;

/** Mulberry32: enough for weights and crops, 32 bits of state (which a checkpoint stores). */
export class SeededRandom {
  constructor(public state: number) {}

  /** Uniform in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
}

/** He et al. (arXiv 1502.01852): normal with variance gain / fanIn. */
export function heNormal(random: SeededRandom, fanIn: number, gain = 2) {
  const deviation = Math.sqrt(gain / fanIn);
  return (length: number): Float32Array =>
    Float32Array.from({ length }, () => random.normal() * deviation);
}

export const zeros = (length: number): Float32Array => new Float32Array(length);
export const ones = (length: number): Float32Array => new Float32Array(length).fill(1);
