import { readFileSync } from "node:fs";
import { join } from "node:path";
import { halfToFloat, loadQuantizer } from "@dtok/core";
import type { Tensor } from "@dtok/core";

/** Fields of one protobuf message: numbers as bigint, everything else as bytes. */
function* fields(bytes: Uint8Array): Generator<[number, bigint | Uint8Array]> {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    if ((key & 7) === 0) yield [key >>> 3, varint()];
    else {
      const length = (key & 7) === 2 ? Number(varint()) : (key & 7) === 5 ? 4 : 8;
      yield [key >>> 3, bytes.subarray(at, at + length)];
      at += length;
    }
  }
}

/** The float32 and float16 initializers of an ONNX model that this repository wrote, by parameter. */
function initializers(path: string): Record<string, Tensor<Float32Array>> {
  const out: Record<string, Tensor<Float32Array>> = {};
  for (const [field, graph] of fields(readFileSync(path))) {
    if (field !== 7 || typeof graph === "bigint") continue;
    for (const [part, tensor] of fields(graph)) {
      if (part !== 5 || typeof tensor === "bigint") continue;
      const shape: number[] = [];
      let [type, name, raw] = [0, "", new Uint8Array(0)];
      for (const [key, value] of fields(tensor)) {
        if (typeof value === "bigint") {
          if (key === 1) shape.push(Number(value));
          if (key === 2) type = Number(value);
        } else if (key === 8) name = new TextDecoder().decode(value);
        else if (key === 9) raw = Uint8Array.from(value);
      }
      if (type === 1) out[name] = { data: new Float32Array(raw.buffer), shape };
      if (type === 10) {
        const data = Float32Array.from(new Uint16Array(raw.buffer), halfToFloat);
        out[name.replace(/\.f16$/, "")] = { data, shape };
      }
    }
  }
  return out;
}

/** Weights and codebooks of a tokenizer as it ships, by the names that training gives them. */
export function shippedWeights(folder: string): {
  weights: Record<string, Tensor<Float32Array>>;
  codebooks: Tensor<Float32Array>;
} {
  const quantizer = loadQuantizer(readFileSync(join(folder, "quantizer.safetensors")));
  return {
    weights: {
      ...initializers(join(folder, "encoder.onnx")),
      ...initializers(join(folder, "decoder.onnx")),
    },
    codebooks: quantizer.toState().tensors.codebook as Tensor<Float32Array>,
  };
}
