import { ArgumentError, ShapeError } from "@dtok/core";
import type { DType, Tensor } from "@dtok/core";
import { dtypeOf, writeOnnx } from "../onnx/writer.js";
import type { OnnxAttribute, OnnxNode } from "../onnx/writer.js";

/** A number, or the name of a dimension that is chosen when the graph runs (inference graphs only). */
export type Dim = number | string;

/** Gradients of the outputs in, gradients of the inputs out; undefined where none flows. */
export type GradientRule = (gradients: readonly Value[]) => readonly (Value | undefined)[];

export interface GraphNode {
  readonly onnx: OnnxNode;
  readonly inputs: readonly Value[];
  readonly outputs: Value[];
  readonly gradient: GradientRule | undefined;
  /** Multiplications and additions of one run; matrix products and convolutions only. */
  readonly flops: number;
}

/** A named array in a graph under construction. */
export class Value {
  constructor(
    readonly graph: GraphBuilder,
    readonly name: string,
    readonly shape: readonly Dim[],
    readonly dtype: DType,
    readonly node?: GraphNode,
  ) {}

  get rank(): number {
    return this.shape.length;
  }
}

export interface Parameter {
  readonly value: Value;
  readonly shape: readonly number[];
  readonly initial: Float32Array;
  /** Weight decay acts on these (matrices and kernels, not biases and gains). */
  readonly decay: boolean;
}

export interface OperatorCall {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes?: readonly OnnxAttribute[];
  readonly shape: readonly Dim[];
  readonly dtype?: DType;
  readonly gradient?: GradientRule;
  readonly flops?: number;
}

/**
 * Collects the operators of one ONNX graph. Parameters are created by name; a second graph that is
 * built by the same model function therefore asks for the same parameters (training and export).
 */
export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly inputs: Value[] = [];
  readonly parameters = new Map<string, Parameter>();
  readonly initializers: Record<string, Tensor> = {};
  /** Next values of arrays that follow a rule instead of a gradient, by parameter name. */
  readonly updates = new Map<string, Value>();
  private readonly scalars = new Map<string, Value>();
  private counter = 0;

  constructor(readonly name = "graph") {}

  fresh(hint: string): string {
    return `${hint}_${this.counter++}`;
  }

  input(name: string, shape: readonly Dim[], dtype: DType = "float32"): Value {
    if (this.inputs.some((input) => input.name === name)) {
      throw new ArgumentError("graph input", {
        expected: "a name that is not taken",
        got: `a second input "${name}"`,
        remedy: "Give each input its own name.",
      });
    }
    const value = new Value(this, name, shape, dtype);
    this.inputs.push(value);
    return value;
  }

  /** A trained array. `initial` is called once per name; the same name gives the same value. */
  parameter(
    name: string,
    shape: readonly number[],
    initial: (length: number) => Float32Array,
    { decay = shape.length > 1 }: { decay?: boolean } = {},
  ): Value {
    const known = this.parameters.get(name);
    if (known) {
      if (known.shape.join() !== shape.join()) {
        throw new ShapeError(`parameter ${name}`, {
          expected: `shape [${known.shape.join(", ")}] as before`,
          got: `[${shape.join(", ")}]`,
          remedy: "Use one name per parameter.",
        });
      }
      return known.value;
    }
    const length = shape.reduce((a, b) => a * b, 1);
    const data = initial(length);
    if (data.length !== length) {
      throw new ShapeError(`parameter ${name}`, {
        expected: `${length} initial values`,
        got: String(data.length),
        remedy: "Return one value per element from the initialiser.",
      });
    }
    const value = new Value(this, name, shape, "float32");
    this.parameters.set(name, { value, shape, initial: data, decay });
    return value;
  }

  /** The parameter follows `next` from step to step (running statistics), not the optimiser. */
  update(parameter: Value, next: Value): void {
    const known = this.parameters.get(parameter.name);
    if (known?.value !== parameter || next.shape.join() !== parameter.shape.join()) {
      throw new ShapeError(`update of ${parameter.name}`, {
        expected: `a parameter of this graph and a next value [${parameter.shape.join(", ")}]`,
        got: `[${next.shape.join(", ")}]`,
        remedy: "Reshape the next value to the parameter's shape.",
      });
    }
    this.updates.set(parameter.name, next);
  }

  constant(tensor: Tensor, hint = "const"): Value {
    const name = this.fresh(hint);
    this.initializers[name] = tensor;
    return new Value(this, name, tensor.shape, dtypeOf(tensor));
  }

  /** A scalar constant; equal ones are shared. */
  scalar(value: number): Value {
    const key = String(value);
    const known = this.scalars.get(key);
    if (known) return known;
    const made = this.constant({ data: Float32Array.of(value), shape: [] }, "scalar");
    this.scalars.set(key, made);
    return made;
  }

  int64s(values: readonly number[], hint = "ints"): Value {
    const key = `i${values.join()}`;
    const known = this.scalars.get(key);
    if (known) return known;
    const data = BigInt64Array.from(values, (value) => BigInt(value));
    const made = this.constant({ data, shape: [values.length] }, hint);
    this.scalars.set(key, made);
    return made;
  }

  /** Adds one operator with a single output. */
  apply(call: OperatorCall): Value {
    const name = this.fresh(call.op);
    const node: GraphNode = {
      onnx: {
        op: call.op,
        ...(call.domain === undefined ? {} : { domain: call.domain }),
        inputs: call.inputs.map((input) => input?.name ?? ""),
        outputs: [name],
        ...(call.attributes === undefined ? {} : { attributes: call.attributes }),
      },
      inputs: call.inputs.filter((input): input is Value => input !== undefined),
      outputs: [],
      gradient: call.gradient,
      flops: call.flops ?? 0,
    };
    const value = new Value(this, name, call.shape, call.dtype ?? "float32", node);
    node.outputs.push(value);
    this.nodes.push(node);
    return value;
  }

  /** FLOPs of the matrix products and convolutions of the whole graph. */
  get flops(): number {
    return this.nodes.reduce((sum, node) => sum + node.flops, 0);
  }

  /**
   * The graph as ONNX bytes. `outputs` names what it returns; operators that none of them needs are
   * left out. Parameters become inputs ("inputs") or are stored inside (a map of their values).
   */
  toOnnx(
    outputs: Readonly<Record<string, Value>>,
    parameters: "inputs" | Readonly<Record<string, Tensor>>,
    metadata: Readonly<Record<string, string>> = {},
  ): Uint8Array {
    const needed = new Set<GraphNode>();
    const names = new Set<string>();
    const stack = Object.values(outputs);
    while (stack.length > 0) {
      const value = stack.pop() as Value;
      names.add(value.name);
      if (value.node && !needed.has(value.node)) {
        needed.add(value.node);
        stack.push(...value.node.inputs);
      }
    }
    const nodes: OnnxNode[] = this.nodes.filter((n) => needed.has(n)).map((n) => n.onnx);
    const inputs = this.inputs
      .filter((input) => names.has(input.name))
      .map(({ name, shape, dtype }) => ({ name, shape, dtype }));
    const initializers: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(this.initializers)) {
      if (names.has(name)) initializers[name] = tensor;
    }
    for (const { value, shape } of this.parameters.values()) {
      if (!names.has(value.name)) continue;
      if (parameters === "inputs") {
        inputs.push({ name: value.name, shape, dtype: "float32" });
        continue;
      }
      const tensor = parameters[value.name];
      if (!tensor) {
        throw new ArgumentError("export", {
          expected: `a value for parameter "${value.name}"`,
          got: "none",
          remedy: "Pass the trained parameters under the names that the model function gave them.",
        });
      }
      if (dtypeOf(tensor) === "float16") {
        // Stored in half the bytes, computed in float32 everywhere; runtimes fold the cast at load.
        const stored = `${value.name}.f16`;
        initializers[stored] = tensor;
        nodes.unshift({
          op: "Cast",
          inputs: [stored],
          outputs: [value.name],
          attributes: [{ name: "to", value: 1 }],
        });
      } else initializers[value.name] = tensor;
    }
    // Outputs get the names that callers know: by renaming where one operator makes exactly one of
    // them (a copy of every parameter and moment per step is worth sparing), else by an Identity.
    const renamed = new Map<string, string>();
    for (const [name, value] of Object.entries(outputs)) {
      if (value.node && !renamed.has(value.name) && !names.has(name)) renamed.set(value.name, name);
      else nodes.push({ op: "Identity", inputs: [value.name], outputs: [name] });
    }
    const rename = (name: string) => renamed.get(name) ?? name;
    const named = nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    }));
    const outputInfos = Object.entries(outputs).map(([name, { shape, dtype }]) => ({
      name,
      shape,
      dtype,
    }));
    return writeOnnx(
      { name: this.name, nodes: named, inputs, outputs: outputInfos, initializers },
      metadata,
    );
  }
}

/** All dimensions as numbers; symbolic ones are a typed error (gradients need static shapes). */
export function staticShape(value: Value): number[] {
  return value.shape.map((size) => {
    if (typeof size === "number") return size;
    throw new ShapeError(`shape of ${value.name}`, {
      expected: "numbers (this operator or its gradient needs a static shape)",
      got: `[${value.shape.join(", ")}]`,
      remedy: "Build training graphs with fixed batch and spatial sizes.",
    });
  });
}

export function sizeOf(shape: readonly Dim[]): number {
  return shape.reduce<number>(
    (product, size) => (typeof size === "number" ? product * size : NaN),
    1,
  );
}

/** `size * multiply / divide`, for symbolic sizes too. */
export function scaledDim(size: Dim, multiply: number, divide: number): Dim {
  if (typeof size === "string") {
    return `${size}${multiply === 1 ? "" : `*${multiply}`}${divide === 1 ? "" : `/${divide}`}`;
  }
  const scaled = (size * multiply) / divide;
  if (!Number.isInteger(scaled)) {
    throw new ShapeError("dimension", {
      expected: `a multiple of ${divide}`,
      got: String(size),
      remedy: "Pad the input so that every stride divides it.",
    });
  }
  return scaled;
}
