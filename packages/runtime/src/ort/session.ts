import { ArgumentError, isDtokError } from "@dtok/core";
import type { ModelSession, Tensor, TensorSpec } from "@dtok/core";
import { ClosedError, ModelRunError, describeCause } from "../errors.js";
import type { Backend, OrtSession, OrtTensor } from "./binding.js";
import { checkAgainstSpec, fromOrt, plainBytes, tensorSpecs, toOrt } from "./tensors.js";

export interface RunOptions {
  /** Aborts a call that still waits for its turn. One that ONNX Runtime has begun runs to its end. */
  readonly signal?: AbortSignal;
}

/** A session of one binding, shared by all handles on the same model. */
export class SharedSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  private readonly inputByName: ReadonlyMap<string, TensorSpec>;
  private readonly outputByName: ReadonlyMap<string, TensorSpec>;
  private readonly running = new Set<Promise<unknown>>();

  constructor(
    private readonly backend: Backend,
    private readonly session: OrtSession,
  ) {
    this.inputs = tensorSpecs(session, "input");
    this.outputs = tensorSpecs(session, "output");
    this.inputByName = new Map(this.inputs.map((spec) => [spec.name, spec]));
    this.outputByName = new Map(this.outputs.map((spec) => [spec.name, spec]));
  }

  async run(
    feeds: Readonly<Record<string, Tensor>>,
    names: readonly string[] | undefined,
    options: RunOptions,
  ): Promise<Record<string, Tensor>> {
    const given = this.checkedFeeds(feeds);
    for (const name of names ?? []) this.outputSpec(name);
    if (names?.length === 0) return {};
    const results = await this.call(options, () =>
      names ? this.session.run(given, names) : this.session.run(given),
    );
    return Object.fromEntries(
      (names ?? this.outputs.map(({ name }) => name)).map((name) => [
        name,
        fromOrt(results[name] as OrtTensor),
      ]),
    );
  }

  async runInto(
    feeds: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
    options: RunOptions,
  ): Promise<void> {
    const given = this.checkedFeeds(feeds);
    const wanted = Object.entries(outputs);
    for (const [name, tensor] of wanted) {
      checkAgainstSpec(tensor, this.outputSpec(name), `output "${name}"`);
    }
    checkApart(feeds, wanted);
    if (wanted.length === 0) return;
    if (this.backend.writesInPlace) {
      const fetches = Object.fromEntries(
        wanted.map(([name, tensor]) => [
          name,
          toOrt(this.backend.binding, tensor, this.outputSpec(name).dtype),
        ]),
      );
      await this.call(options, () => this.session.run(given, fetches));
      return;
    }
    const names = wanted.map(([name]) => name);
    const results = await this.call(options, () => this.session.run(given, names));
    const made = wanted.map(([name, tensor]) => {
      const { data, shape } = fromOrt(results[name] as OrtTensor);
      if (shape.join() !== tensor.shape.join()) {
        throw new ModelRunError(`output "${name}"`, {
          expected: `the shape of the given array, [${tensor.shape.join(", ")}]`,
          got: `[${shape.join(", ")}] from the graph`,
          remedy: "Allocate outputs in the shape that these inputs give.",
        });
      }
      return data;
    });
    // Only now, when all of them fit: a failed call leaves the caller's arrays as they were.
    wanted.forEach(([, tensor], i) => (tensor.data as Float32Array).set(made[i] as Float32Array));
  }

  /** Waits for calls in flight, then frees the graph. */
  async release(): Promise<void> {
    await Promise.allSettled(this.running);
    await this.backend.gate.enter(() => this.session.release());
  }

  private async call<T>({ signal }: RunOptions, run: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const result = this.backend.gate.enter(async () => {
      signal?.throwIfAborted();
      try {
        return await run();
      } catch (error) {
        if (isDtokError(error)) throw error;
        throw new ModelRunError("running the model", {
          expected: "inputs that the graph's operators accept",
          got: describeCause(error),
          remedy: "Check the sizes of open dimensions against what the model was made for.",
          cause: error,
        });
      }
    });
    this.running.add(result);
    try {
      return await result;
    } finally {
      this.running.delete(result);
    }
  }

  private checkedFeeds(feeds: Readonly<Record<string, Tensor>>): Record<string, OrtTensor> {
    for (const name of Object.keys(feeds)) {
      if (!this.inputByName.has(name)) {
        throw new ArgumentError(`input "${name}"`, {
          expected: `one of ${listNames(this.inputs)}`,
          got: `"${name}"`,
          remedy: "Leave it out, or correct its name.",
        });
      }
    }
    const given: Record<string, OrtTensor> = {};
    for (const spec of this.inputs) {
      const found = Object.hasOwn(feeds, spec.name) ? feeds[spec.name] : undefined;
      if (found === undefined) {
        throw new ArgumentError(`input "${spec.name}"`, {
          expected: `${spec.dtype} [${spec.shape.join(", ")}]`,
          got: "nothing",
          remedy: `Pass all of ${listNames(this.inputs)}.`,
        });
      }
      const tensor = plainBytes(found);
      checkAgainstSpec(tensor, spec, `input "${spec.name}"`);
      given[spec.name] = toOrt(this.backend.binding, tensor, spec.dtype);
    }
    return given;
  }

  private outputSpec(name: string): TensorSpec {
    const spec = this.outputByName.get(name);
    if (spec === undefined) {
      throw new ArgumentError(`output "${name}"`, {
        expected: `one of ${listNames(this.outputs)}`,
        got: `"${name}"`,
        remedy: "Ask for outputs that the graph has.",
      });
    }
    return spec;
  }
}

/** One user's hold on a SharedSession. */
export class SessionHandle implements ModelSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  private closing: Promise<void> | undefined;

  constructor(
    private readonly shared: SharedSession,
    private readonly letGo: (handle: SessionHandle) => Promise<void>,
  ) {
    this.inputs = shared.inputs;
    this.outputs = shared.outputs;
  }

  async run(
    feeds: Readonly<Record<string, Tensor>>,
    outputs?: readonly string[],
    options: RunOptions = {},
  ): Promise<Record<string, Tensor>> {
    this.checkOpen();
    return this.shared.run(feeds, outputs, options);
  }

  async runInto(
    feeds: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
    options: RunOptions = {},
  ): Promise<void> {
    this.checkOpen();
    return this.shared.runInto(feeds, outputs, options);
  }

  close(): Promise<void> {
    this.closing ??= this.letGo(this);
    return this.closing;
  }

  private checkOpen(): void {
    if (this.closing === undefined) return;
    throw new ClosedError("model session", {
      expected: "an open session",
      got: "one that was closed",
      remedy: "Load the model again.",
    });
  }
}

/** Outputs that share memory with an input or with each other would be overwritten while still read. */
function checkApart(
  feeds: Readonly<Record<string, Tensor>>,
  outputs: readonly (readonly [string, Tensor])[],
): void {
  const ranges = new Map<ArrayBufferLike, { name: string; start: number; end: number }[]>();
  const add = (name: string, { data }: Tensor, written: boolean) => {
    const start = data.byteOffset;
    const end = start + data.byteLength;
    const others = ranges.get(data.buffer) ?? [];
    const met = written && others.find((other) => start < other.end && other.start < end);
    if (met) {
      throw new ArgumentError(`output "${name}"`, {
        expected: "an array of its own",
        got: `memory that it shares with ${met.name}`,
        remedy: "Keep two sets of arrays and swap them after the run.",
      });
    }
    others.push({ name: `${written ? "output" : "input"} "${name}"`, start, end });
    ranges.set(data.buffer, others);
  };
  for (const [name, tensor] of Object.entries(feeds)) add(name, tensor, false);
  for (const [name, tensor] of outputs) add(name, tensor, true);
}

function listNames(specs: readonly TensorSpec[]): string {
  return specs.length === 0 ? "none" : specs.map(({ name }) => `"${name}"`).join(", ");
}
