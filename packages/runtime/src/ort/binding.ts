/**
 * The part of ONNX Runtime's JavaScript interface that dtok calls, the same in onnxruntime-node and
 * onnxruntime-web. Written out here so that this package's types need neither peer.
 */

export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
  dispose?(): void;
}

export interface OrtValueMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata?: readonly OrtValueMetadata[];
  readonly outputMetadata?: readonly OrtValueMetadata[];
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches?: readonly string[] | Readonly<Record<string, OrtTensor | null>>,
  ): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

export interface OrtBinding {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OrtSession>;
  };
}

/** One of the two bindings, and how it differs from the other. */
export interface Backend {
  readonly name: "node" | "web";
  readonly binding: OrtBinding;
  /** Tried first where a session names none. */
  readonly providers: readonly string[];
  /** The provider that is always there and ends every list. */
  readonly fallback: "cpu" | "wasm";
  /** Whether a provider other than the fallback can be asked for here: asking in vain may throw. */
  available(provider: string): Promise<boolean>;
  /** True where outputs that the caller allocated are written by ONNX Runtime itself. */
  readonly writesInPlace: boolean;
  /** Runs at most one call at a time (onnxruntime-web refuses to be entered twice). */
  readonly gate: Gate;
}

/** Decides when a call into the binding may start. */
export interface Gate {
  enter<T>(call: () => Promise<T>): Promise<T>;
}

/** Lets every call through at once. */
export const openGate: Gate = { enter: (call) => call() };

/** Lets one call through at a time, in order of arrival; a failed call does not hold up the next. */
export function createSerialGate(): Gate {
  let last: Promise<unknown> = Promise.resolve();
  return {
    enter<T>(call: () => Promise<T>): Promise<T> {
      const result = last.then(call);
      last = result.catch(() => undefined);
      return result;
    },
  };
}
