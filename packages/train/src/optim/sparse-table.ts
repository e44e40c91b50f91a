import { ArgumentError, ShapeError } from "@dtok/core";
import type { Matrix } from "@dtok/core";

const EPSILON = 1e-10;

/**
 * Rows of which a step sees a few: an embedding table too large to pass through the training graph. The
 * rows of a batch go in as an input, the graph gives their gradients back (`gradients(loss, [rows])` as
 * an output of the model), and `step` moves those rows alone, by Adagrad (Duchi, Hazan, Singer, JMLR 12,
 * 2011, with diagonal sums): w -= rate g / sqrt(sum of g²).
 */
export class SparseTable {
  /** [count, width], row-major; the table's own memory. */
  readonly data: Float32Array;
  /** Sums of squared gradients, alike. */
  readonly sums: Float32Array;
  /** Per row: 1 + its place among the touched ones, or 0. */
  readonly #slots: Int32Array;
  readonly #touched: number[] = [];
  #waiting = new Float32Array(0);

  /** @param initial fills the table, `count * width` numbers */
  constructor(
    readonly count: number,
    readonly width: number,
    initial: (length: number) => Float32Array,
  ) {
    this.data = initial(count * width);
    if (this.data.length !== count * width) {
      throw new ShapeError("table", {
        expected: `${count * width} initial values`,
        got: String(this.data.length),
        remedy: "Return one value per number of the table.",
      });
    }
    this.sums = new Float32Array(count * width);
    this.#slots = new Int32Array(count);
  }

  /** Copies rows by number into `out` [ids, width]. */
  gather(ids: Int32Array, out: Float32Array): Matrix {
    const { width, data } = this;
    if (out.length !== ids.length * width) {
      throw new ShapeError("gathered rows", {
        expected: `${ids.length * width} numbers`,
        got: String(out.length),
        remedy: "Give room for one row per id.",
      });
    }
    for (let i = 0; i < ids.length; i++) {
      const id = this.#check(ids[i] as number);
      out.set(data.subarray(id * width, (id + 1) * width), i * width);
    }
    return { data: out, shape: [ids.length, width] };
  }

  /** Moves the rows against their gradients [ids, width]; those of an id that comes twice add up. */
  step(ids: Int32Array, gradient: Float32Array, rate: number): void {
    for (let i = 0; i < ids.length; i++) this.add(ids[i] as number, gradient, i * this.width);
    this.apply(rate);
  }

  /** Adds `width` numbers from `at` to what row `id` waits to be moved by. */
  add(id: number, gradient: Float32Array, at: number): void {
    const base = this.place(id);
    const { width, waiting } = this;
    for (let d = 0; d < width; d++) {
      waiting[base + d] = (waiting[base + d] as number) + (gradient[at + d] as number);
    }
  }

  /** Where in `waiting` the `width` numbers stand that row `id` waits to be moved by. */
  place(id: number): number {
    const { width } = this;
    let slot = this.#slots[this.#check(id)] as number;
    if (slot === 0) {
      this.#touched.push(id);
      slot = this.#touched.length;
      this.#slots[id] = slot;
      if (slot * width > this.#waiting.length) {
        const wider = new Float32Array(slot * width * 2);
        wider.set(this.#waiting);
        this.#waiting = wider;
      }
    }
    return (slot - 1) * width;
  }

  /** Gradients by `place`; another array after a call of it. */
  get waiting(): Float32Array {
    return this.#waiting;
  }

  /** Moves every row that was added to. */
  apply(rate: number): void {
    const { width, data, sums } = this;
    for (const [i, id] of this.#touched.entries()) {
      const at = id * width;
      for (let d = 0; d < width; d++) {
        const g = this.#waiting[i * width + d] as number;
        if (g === 0) continue;
        const sum = (sums[at + d] as number) + g * g;
        sums[at + d] = sum;
        data[at + d] = (data[at + d] as number) - (rate * g) / Math.sqrt(sum + EPSILON);
      }
      this.#slots[id] = 0;
    }
    this.#waiting.fill(0, 0, this.#touched.length * width);
    this.#touched.length = 0;
  }

  #check(id: number): number {
    if (id >= 0 && id < this.count) return id;
    throw new ArgumentError("row of a table", {
      expected: `a number from 0 to ${this.count - 1}`,
      got: String(id),
      remedy: "Number rows from 0.",
    });
  }
}
