import { ArgumentError, ShapeError } from "@dtok/core";
import type { DType, ModelSession, Tensor, TensorData, TensorSpec } from "@dtok/core";

/** The part of onnxruntime-common's Tensor that is used here. */
export interface OrtTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
  dispose?(): void;
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly OrtMetadata[];
  readonly outputMetadata: readonly OrtMetadata[];
  run(
    feeds: Record<string, OrtTensor>,
    fetches: readonly string[] | Record<string, OrtTensor>,
  ): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

interface OrtMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

export interface OrtModule {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession>;
  };
}

/** Which arrays each element type comes in. Node.js' Float16Array is not asked for: raw bits serve. */
const ARRAYS: Partial<Record<DType, readonly { readonly name: string }[]>> = {
  float32: [Float32Array],
  float64: [Float64Array],
  float16: [Uint16Array],
  int8: [Int8Array],
  uint8: [Uint8Array, Uint8ClampedArray],
  int16: [Int16Array],
  uint16: [Uint16Array],
  int32: [Int32Array],
  uint32: [Uint32Array],
  int64: [BigInt64Array],
  uint64: [BigUint64Array],
  bool: [Uint8Array],
};

function specsOf(metadata: readonly OrtMetadata[]): TensorSpec[] {
  return metadata.map(({ name, type, shape }) => ({
    name,
    dtype: (type ?? "float32") as DType,
    shape: shape ?? [],
  }));
}

function checkTensor(
  spec: TensorSpec,
  tensor: Tensor | undefined,
  sizes: Map<string, number>,
): void {
  const wanted = `${spec.dtype} [${spec.shape.join(", ")}]`;
  if (!tensor) {
    throw new ArgumentError(`model input "${spec.name}"`, {
      expected: wanted,
      got: "nothing",
      remedy: "Feed every input that the model declares.",
    });
  }
  const { data, shape } = tensor;
  const fail = (got: string, remedy: string) =>
    new ShapeError(`model tensor "${spec.name}"`, { expected: wanted, got, remedy });
  const kinds = ARRAYS[spec.dtype];
  if (kinds && !kinds.some(({ name }) => data.constructor.name === name)) {
    throw fail(data.constructor.name, `Pass ${kinds.map(({ name }) => name).join(" or ")}.`);
  }
  const got = `[${shape.join(", ")}]`;
  if (shape.length !== spec.shape.length) throw fail(got, "Pass the declared number of axes.");
  for (const [i, size] of shape.entries()) {
    const declared = spec.shape[i] as number | string;
    if (!Number.isInteger(size) || size < 0) throw fail(got, "Sizes are whole numbers from 0.");
    if (typeof declared === "number" && declared >= 0 && declared !== size) {
      throw fail(got, `Axis ${i} must be ${declared}.`);
    }
    if (typeof declared === "string" && declared !== "") {
      const bound = sizes.get(declared);
      if (bound !== undefined && bound !== size) {
        throw fail(got, `"${declared}" is ${bound} in another input.`);
      }
      sizes.set(declared, size);
    }
  }
  const length = shape.reduce((a, b) => a * b, 1);
  if (data.length !== length) {
    throw fail(`${data.length} elements for ${got}`, `Pass ${length} elements.`);
  }
}

/** A session of either runtime behind core's contract: inputs checked, runs one at a time. */
export class CheckedSession implements ModelSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  private open = true;
  /** onnxruntime-web refuses a second run before the first ends; a queue serves both runtimes. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ort: OrtModule,
    private readonly session: OrtSession,
    private readonly onClose: () => Promise<void>,
  ) {
    this.inputs = specsOf(session.inputMetadata);
    this.outputs = specsOf(session.outputMetadata);
  }

  private feeds(given: Readonly<Record<string, Tensor>>): Record<string, OrtTensor> {
    const sizes = new Map<string, number>();
    const feeds: Record<string, OrtTensor> = {};
    for (const spec of this.inputs) {
      const tensor = given[spec.name];
      checkTensor(spec, tensor, sizes);
      feeds[spec.name] = this.wrap(spec.dtype, tensor as Tensor);
    }
    return feeds;
  }

  private wrap(dtype: DType, { data, shape }: Tensor): OrtTensor {
    // Uint8ClampedArray is ImageData's; the runtimes want its bytes as Uint8Array.
    const bytes =
      (data as unknown) instanceof Uint8ClampedArray
        ? new Uint8Array(data.buffer, data.byteOffset, data.length)
        : data;
    return new this.ort.Tensor(dtype, bytes, shape);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.queue.then(() => {
      this.checkOpen();
      return work();
    });
    this.queue = next.catch(() => undefined);
    return next;
  }

  private checkOpen(): void {
    if (this.open) return;
    throw new ArgumentError("model session", {
      expected: "an open session",
      got: "one that was closed",
      remedy: "Load the model again, or close it later.",
    });
  }

  async run(
    feeds: Readonly<Record<string, Tensor>>,
    outputs?: readonly string[],
  ): Promise<Record<string, Tensor>> {
    this.checkOpen();
    const names = outputs ?? this.outputs.map(({ name }) => name);
    for (const name of names) this.outputSpec(name);
    const wrapped = this.feeds(feeds);
    const results = await this.inTurn(() => this.session.run(wrapped, names));
    return Object.fromEntries(
      names.map((name) => {
        const { data, dims, type } = results[name] as OrtTensor;
        const dtype = type as DType;
        const bits =
          dtype === "float16" && !(data instanceof Uint16Array)
            ? new Uint16Array((data as Uint16Array).buffer, (data as Uint16Array).byteOffset)
            : (data as TensorData);
        const marked = dtype === "float16" || dtype === "bfloat16" || dtype === "bool";
        return [name, { data: bits, shape: [...dims], ...(marked ? { dtype } : {}) }];
      }),
    );
  }

  async runInto(
    feeds: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
  ): Promise<void> {
    this.checkOpen();
    const wrapped = this.feeds(feeds);
    const fetches: Record<string, OrtTensor> = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      const spec = this.outputSpec(name);
      checkTensor(spec, tensor, new Map());
      fetches[name] = this.wrap(spec.dtype, tensor);
    }
    const results = await this.inTurn(() => this.session.run(wrapped, fetches));
    for (const [name, { data }] of Object.entries(results)) {
      const target = (outputs[name] as Tensor).data;
      // Runtimes that cannot write in place return a fresh array.
      if (data !== target) (target as Float32Array).set(data as Float32Array);
    }
  }

  private outputSpec(name: string): TensorSpec {
    const spec = this.outputs.find((output) => output.name === name);
    if (spec) return spec;
    throw new ArgumentError("model output", {
      expected: `one of ${this.outputs.map((output) => output.name).join(", ")}`,
      got: name,
      remedy: "Ask for outputs that the model declares.",
    });
  }

  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.queue;
    await this.onClose();
  }
}
