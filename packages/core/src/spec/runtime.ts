import type { DType, Tensor } from "./tensor.js";

export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType;
  /** A string names a dimension that the caller chooses. */
  readonly shape: readonly (number | string)[];
}

export interface ModelSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Runs the graph; asks for `outputs` only, where given. */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    outputs?: readonly string[],
  ): Promise<Record<string, Tensor>>;
  /** As `run`, into arrays that the caller keeps (their shapes must be right): copies nothing. Optional. */
  runInto?(
    feeds: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
  ): Promise<void>;
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Threads within one operator. Default: the runtime's own choice. */
  readonly threads?: number;
  /** Tried in order; one that is missing is skipped. "cpu" (Node.js) or "wasm" (web) always ends the list. */
  readonly providers?: readonly string[];
  /**
   * Treat subnormal numbers as zero. Training needs it: moments that fade away are subnormal for
   * thousands of steps, and arithmetic on them is many times slower. Default false.
   */
  readonly denormalsAsZero?: boolean;
  readonly graphOptimization?: "disabled" | "basic" | "extended" | "all";
}

/** Runs ONNX graphs. One interface over onnxruntime-node and onnxruntime-web. */
export interface ModelRuntime {
  /** "node" or "web". */
  readonly name: string;
  /** Loads a graph that holds all of its weights; one that wants external files is refused. */
  load(model: Uint8Array, options?: SessionOptions): Promise<ModelSession>;
  /** Closes every session that is still open. */
  close(): Promise<void>;
}
