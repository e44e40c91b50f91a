import type { Codes } from "../spec/codes.js";
import type {
  AsyncOptions,
  DequantizeOptions,
  Quantizer,
  QuantizerState,
} from "../spec/quantizer.js";
import type { Matrix, Tensor } from "../spec/tensor.js";
import { checkCodebookSizes, checkCodes, checkLevels, checkMatrix } from "./checks.js";

export interface QuantizerTraits {
  readonly kind: string;
  readonly spec: string;
  readonly dim: number;
  readonly codebookSizes: readonly number[];
  readonly idempotent: boolean;
  readonly prefixDecodable: boolean;
  /** Version of the state layout. Default 1. */
  readonly stateVersion?: number;
}

/** Milliseconds that the default `quantizeAsync` works before it lets other tasks run. */
const SLICE_MS = 12;
/** Numbers that the default `quantizeAsync` quantizes between two looks at the clock. */
const SLICE_VALUES = 1 << 18;

/**
 * What all quantizers share: input checks, empty input, state plumbing, and a `quantizeAsync` that
 * yields to the event loop. A family writes `encode`, `decode` and `stateParts`, which get checked
 * arguments only.
 */
export abstract class BaseQuantizer implements Quantizer {
  readonly kind: string;
  readonly spec: string;
  readonly dim: number;
  readonly codebookSizes: readonly number[];
  readonly idempotent: boolean;
  readonly prefixDecodable: boolean;
  readonly #stateVersion: number;

  constructor(traits: QuantizerTraits) {
    checkCodebookSizes(traits.codebookSizes);
    this.kind = traits.kind;
    this.spec = traits.spec;
    this.dim = traits.dim;
    this.codebookSizes = Object.freeze([...traits.codebookSizes]);
    this.idempotent = traits.idempotent;
    this.prefixDecodable = traits.prefixDecodable;
    this.#stateVersion = traits.stateVersion ?? 1;
  }

  /** Writes the codes of latents [N, D], N >= 1, all finite, into `out` [N, Q]. */
  protected abstract encode(latents: Matrix, out: Int32Array): void;

  /**
   * Writes the vectors of codes [N, q], N >= 1, all in range, into `out` [N, D] (zeros at first),
   * from the first `levels` of the q codebooks.
   */
  protected abstract decode(codes: Codes, levels: number, out: Float32Array): void;

  protected abstract stateParts(): {
    readonly config: Readonly<Record<string, unknown>>;
    readonly tensors: Readonly<Record<string, Tensor>>;
  };

  /** Checks latents and returns N; a family that checks values in its own pass overrides it. */
  protected check(latents: Matrix): number {
    return checkMatrix(latents, this.dim);
  }

  quantize(latents: Matrix): Codes {
    const rows = this.check(latents);
    const data = new Int32Array(rows * this.codebookSizes.length);
    if (rows > 0) this.encode(latents, data);
    return { data, shape: [rows, this.codebookSizes.length] };
  }

  async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    const { signal } = options;
    signal?.throwIfAborted();
    // All values at once, so that an error names the row of the whole matrix.
    const rows = checkMatrix(latents, this.dim);
    const width = this.codebookSizes.length;
    const data = new Int32Array(rows * width);
    const step = Math.max(1, Math.floor(SLICE_VALUES / this.dim));
    let sliceStart = Date.now();
    for (let row = 0; row < rows; row += step) {
      if (row > 0 && Date.now() - sliceStart >= SLICE_MS) {
        await nextTask();
        signal?.throwIfAborted();
        sliceStart = Date.now();
      }
      const end = Math.min(rows, row + step);
      const part: Matrix = {
        data: latents.data.subarray(row * this.dim, end * this.dim),
        shape: [end - row, this.dim],
      };
      this.encode(part, data.subarray(row * width, end * width));
    }
    return { data, shape: [rows, width] };
  }

  dequantize(codes: Codes, options: DequantizeOptions = {}): Matrix {
    const rows = checkCodes(codes, this.codebookSizes, { prefix: this.prefixDecodable });
    const levels = checkLevels(options.levels, codes.shape[1], this.prefixDecodable);
    const data = new Float32Array(rows * this.dim);
    if (rows > 0) this.decode(codes, levels, data);
    return { data, shape: [rows, this.dim] };
  }

  toState(): QuantizerState {
    return { kind: this.kind, version: this.#stateVersion, ...this.stateParts() };
  }
}

/** Resolves in a later task, so that input, timers and abort signals get their turn. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    // Node.js lets a timer wait a millisecond.
    const { setImmediate: soon } = globalThis as { setImmediate?: (run: () => void) => void };
    if (soon === undefined) setTimeout(resolve, 0);
    else soon(resolve);
  });
}
