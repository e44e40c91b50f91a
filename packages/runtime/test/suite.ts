import type { DType, ModelRuntime, Tensor, TensorData } from "@dtok/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addModel, external, field, floats, identityModel, model, node, value } from "./onnx.js";

const coded = (code: string) => expect.objectContaining({ code });
const matrix = (...values: number[]): Tensor => ({
  data: Float32Array.from(values),
  shape: [values.length / 2, 2],
});

/** What every runtime must do: run in Node.js over both bindings, and in a browser. */
export function runtimeSuite(name: string, create: () => Promise<ModelRuntime>): void {
  describe(`${name}`, () => {
    let runtime: ModelRuntime;
    beforeAll(async () => {
      runtime = await create();
    });
    afterAll(() => runtime.close());

    test("y = x + [1, 2], by hand", async () => {
      const session = await runtime.load(addModel());
      expect(session.inputs).toEqual([{ name: "x", dtype: "float32", shape: ["N", 2] }]);
      expect(session.outputs).toEqual([{ name: "y", dtype: "float32", shape: ["N", 2] }]);
      const { y } = await session.run({ x: matrix(1, 2, 3, 4) });
      expect(y?.data).toEqual(Float32Array.of(2, 4, 4, 6));
      expect(y?.shape).toEqual([2, 2]);
      await session.close();
    });

    test("no rows in, no rows out", async () => {
      const session = await runtime.load(addModel());
      const { y } = await session.run({ x: { data: new Float32Array(0), shape: [0, 2] } });
      expect(y).toMatchObject({ data: new Float32Array(0), shape: [0, 2] });
      await session.close();
    });

    test.each<[DType, TensorData]>([
      ["float32", Float32Array.of(1.5, -2)],
      ["float64", Float64Array.of(1.5, -2)],
      // 1 and -2 as IEEE half precision.
      ["float16", Uint16Array.of(0x3c00, 0xc000)],
      ["int8", Int8Array.of(-1, 2)],
      ["uint8", Uint8Array.of(255, 2)],
      ["int16", Int16Array.of(-1, 2)],
      ["uint16", Uint16Array.of(65535, 2)],
      ["int32", Int32Array.of(-1, 2)],
      ["uint32", Uint32Array.of(2 ** 32 - 1, 2)],
      ["int64", BigInt64Array.of(-1n, 2n ** 40n)],
      ["uint64", BigUint64Array.of(2n ** 63n, 2n)],
      ["bool", Uint8Array.of(1, 0)],
    ])("%s goes through unchanged", async (dtype, data) => {
      const session = await runtime.load(identityModel(dtype as "float32"));
      const { y } = await session.run({ x: { data, shape: [2], dtype } });
      expect(y).toEqual({ data, shape: [2], dtype });
      const into = new (data.constructor as new (n: number) => TensorData)(data.length);
      await session.runInto?.(
        { x: { data, shape: [2], dtype } },
        {
          y: { data: into, shape: [2], dtype },
        },
      );
      expect(into).toEqual(data);
      await session.close();
    });

    test("inputs are checked before the graph sees them", async () => {
      const session = await runtime.load(addModel());
      const x = matrix(1, 2);
      const refused = async (feeds: Record<string, Tensor>, code: string, message: RegExp) => {
        const error = expect.objectContaining({ code, message: expect.stringMatching(message) });
        await expect(session.run(feeds)).rejects.toThrow(error as Error);
      };
      await refused({}, "argument", /input "x": expected float32 \[N, 2\], got nothing/);
      await refused({ x, z: x }, "argument", /input "z": expected one of "x"/);
      await refused(
        { x: { ...x, shape: [2] } },
        "shape",
        /expected float32 \[N, 2\], got float32 \[2\]/,
      );
      await refused({ x: { ...x, shape: [2, 1] } }, "shape", /got float32 \[2, 1\]/);
      await refused({ x: { ...x, shape: [2, 2] } }, "shape", /product/);
      await refused({ x: { ...x, shape: [-1, -2] } }, "shape", /product/);
      const doubles = { data: Float64Array.of(1, 2), shape: [1, 2] };
      await refused({ x: doubles }, "argument", /got float64 \[1, 2\]/);
      await refused({ x: { data: [1, 2] as never, shape: [1, 2] } }, "argument", /typed array/);
      await refused({ x: null as never }, "argument", /typed array/);
      await session.close();
    });

    test("half precision must be said: 16-bit integers are not taken for it", async () => {
      const session = await runtime.load(identityModel("float16"));
      const x = { data: Uint16Array.of(0x3c00), shape: [1] };
      await expect(session.run({ x })).rejects.toThrow(/dtype: "float16"/);
      await session.close();
    });

    test("pixels of an ImageData are bytes", async () => {
      const session = await runtime.load(identityModel("uint8"));
      const data = Uint8ClampedArray.of(0, 128, 255) as unknown as Uint8Array;
      const { y } = await session.run({ x: { data, shape: [3] } });
      expect(y?.data).toEqual(Uint8Array.of(0, 128, 255));
      await session.close();
    });

    test("only the outputs that are asked for", async () => {
      const two = model({
        nodes: [node("Neg", ["x"], ["a"]), node("Abs", ["x"], ["b"])],
        inputs: [value("x", "float32", [2])],
        outputs: [value("a", "float32", [2]), value("b", "float32", [2])],
      });
      const session = await runtime.load(two);
      const x = { data: Float32Array.of(1, -2), shape: [2] };
      expect(Object.keys(await session.run({ x }))).toEqual(["a", "b"]);
      const { b, ...rest } = await session.run({ x }, ["b"]);
      expect(b?.data).toEqual(Float32Array.of(1, 2));
      expect(rest).toEqual({});
      expect(await session.run({ x }, [])).toEqual({});
      await expect(session.run({ x }, ["c"])).rejects.toThrow(
        /output "c": expected one of "a", "b"/,
      );
      await session.close();
    });

    test("runInto fills the caller's arrays, and refuses those that do not fit", async () => {
      const session = await runtime.load(addModel());
      const runInto = session.runInto?.bind(session) as NonNullable<typeof session.runInto>;
      const big = new Float32Array(8).fill(-1);
      const y = { data: big.subarray(2, 6), shape: [2, 2] };
      await runInto({ x: matrix(1, 2, 3, 4) }, { y });
      expect(big).toEqual(Float32Array.of(-1, -1, 2, 4, 4, 6, -1, -1));

      const x = matrix(1, 2);
      await expect(
        runInto({ x }, { y: { data: new Float32Array(3), shape: [1, 3] } }),
      ).rejects.toThrow(coded("shape"));
      await expect(runInto({ x }, { z: matrix(0, 0) })).rejects.toThrow(coded("argument"));
      // Three rows where the graph makes one.
      await expect(runInto({ x }, { y: matrix(0, 0, 0, 0, 0, 0) })).rejects.toThrow(
        coded("model-run"),
      );
      await expect(runInto({ x }, { y: x })).rejects.toThrow(/shares with input "x"/);
      const wide = new Float32Array(3);
      await expect(
        runInto(
          { x: { data: wide.subarray(0, 2), shape: [1, 2] } },
          { y: { data: wide.subarray(1, 3), shape: [1, 2] } },
        ),
      ).rejects.toThrow(/shares/);
      await session.close();
    });

    test("an operator that fails at run time is a typed error, and the session lives on", async () => {
      const reshape = model({
        nodes: [node("MatMul", ["x", "z"], ["y"])],
        inputs: [value("x", "float32", ["a", "b"]), value("z", "float32", ["c", "d"])],
        outputs: [value("y", "float32", ["a", "d"])],
      });
      const session = await runtime.load(reshape);
      const z = { data: new Float32Array(3), shape: [3, 1] };
      await expect(session.run({ x: matrix(1, 2), z })).rejects.toThrow(coded("model-run"));
      const { y } = await session.run({
        x: { data: Float32Array.of(1, 2), shape: [2, 1] },
        z: matrix(3, 4),
      });
      expect(y?.data).toEqual(Float32Array.of(3, 4, 6, 8));
      await session.close();
    });

    test("many runs at once give each its own answer", async () => {
      const one = await runtime.load(addModel());
      const other = await runtime.load(addModel([10, 20]));
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, i) => (i % 2 ? other : one).run({ x: matrix(i, i) })),
      );
      expect(results.map(({ y }) => Array.from(y?.data as Float32Array))).toEqual(
        results.map((_, i) => (i % 2 ? [i + 10, i + 20] : [i + 1, i + 2])),
      );
      await Promise.all([one.close(), other.close()]);
    });

    test("the same bytes share a session until their last user closes", async () => {
      const [a, b] = await Promise.all([runtime.load(addModel()), runtime.load(addModel())]);
      expect(a).not.toBe(b);
      await Promise.all([a.close(), a.close()]);
      await a.close();
      await expect(a.run({ x: matrix(1, 2) })).rejects.toThrow(coded("closed"));
      await expect(a.runInto?.({ x: matrix(1, 2) }, { y: matrix(0, 0) })).rejects.toThrow(
        coded("closed"),
      );
      expect((await b.run({ x: matrix(1, 2) }))["y"]?.data).toEqual(Float32Array.of(2, 4));
      await b.close();
      const c = await runtime.load(addModel());
      expect((await c.run({ x: matrix(1, 2) }))["y"]?.data).toEqual(Float32Array.of(2, 4));
      await c.close();
    });

    test("a close waits for runs that have begun", async () => {
      const session = await runtime.load(addModel());
      const runs = Array.from({ length: 8 }, (_, i) => session.run({ x: matrix(i, i) }));
      await session.close();
      const results = await Promise.all(runs);
      expect(results.map(({ y }) => y?.data[0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    });

    test("an aborted run never starts", async () => {
      const session = await runtime.load(addModel());
      const run = session.run.bind(session) as (
        feeds: Record<string, Tensor>,
        outputs: undefined,
        options: { signal: AbortSignal },
      ) => Promise<Record<string, Tensor>>;
      const signal = AbortSignal.abort(new Error("enough"));
      await expect(run({ x: matrix(1, 2) }, undefined, { signal })).rejects.toThrow("enough");
      await session.close();
    });

    test("bytes that are no model", async () => {
      const whole = addModel();
      for (const bytes of [
        new Uint8Array(0),
        whole.subarray(0, whole.length - 7),
        new TextEncoder().encode("<!DOCTYPE html><title>404</title>"),
        new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n"),
        "encoder.onnx" as never,
        // Well-formed, but with an operator that nobody has.
        model({
          nodes: [node("NoSuchOperator", ["x"], ["y"])],
          inputs: [value("x", "float32", [1])],
          outputs: [value("y", "float32", [1])],
        }),
        // A string tensor at the border.
        identityModel("string"),
      ]) {
        await expect(runtime.load(bytes)).rejects.toThrow(coded("format"));
      }
      // A failed load is not remembered as a session.
      await expect(runtime.load(identityModel("string"))).rejects.toThrow(coded("format"));
    });

    test("external data is refused, unless its bytes are handed over", async () => {
      const outside = model({
        nodes: [node("Add", ["x", "w"], ["y"])],
        inputs: [value("x", "float32", ["N", 2])],
        outputs: [value("y", "float32", ["N", 2])],
        initializers: [external("w", [2], "weights.bin")],
      });
      await expect(runtime.load(outside)).rejects.toThrow(/"weights.bin"/);
      const externalData = { "weights.bin": new Uint8Array(Float32Array.of(5, 6).buffer) };
      const options = { externalData } as object;
      const session = await runtime.load(outside, options);
      expect((await session.run({ x: matrix(1, 2) }))["y"]?.data).toEqual(Float32Array.of(6, 8));
      await session.close();
    });

    test("options are checked, and providers that are not there are skipped", async () => {
      const bytes = addModel();
      await expect(runtime.load(bytes, { threads: 0 })).rejects.toThrow(coded("argument"));
      await expect(runtime.load(bytes, { threads: 1.5 })).rejects.toThrow(coded("argument"));
      await expect(runtime.load(bytes, { graphOptimization: "most" as "all" })).rejects.toThrow(
        coded("argument"),
      );
      const session = await runtime.load(bytes, {
        providers: ["cuda", "no-such-provider"],
        threads: 1,
        graphOptimization: "basic",
        denormalsAsZero: true,
      });
      expect((await session.run({ x: matrix(1, 2) }))["y"]?.data).toEqual(Float32Array.of(2, 4));
      await session.close();
    });

    test("a closed runtime closes its sessions and loads no more", async () => {
      const own = await create();
      const session = await own.load(addModel());
      const late = own.load(addModel([3, 3]));
      await own.close();
      await own.close();
      await expect(session.run({ x: matrix(1, 2) })).rejects.toThrow(coded("closed"));
      await expect(own.load(addModel())).rejects.toThrow(coded("closed"));
      // Whether the load came through or not, nothing usable is left of it.
      const outcome = await late.then((s) => s.run({ x: matrix(1, 2) })).catch((e: unknown) => e);
      expect(outcome).toMatchObject({ code: "closed" });
    });

    test("weights inside a subgraph are found", () => {
      // If-branch: attribute "then_branch" (6: graph) with an external initialiser.
      const branch = field(5, external("w", [1], "../../secret"));
      const hidden = model({
        nodes: [node("If", ["c"], ["y"], [...field(1, "then_branch"), ...field(6, branch)])],
        inputs: [value("c", "bool", [])],
        outputs: [value("y", "float32", [1])],
        initializers: [floats("v", [1], [0])],
      });
      return expect(runtime.load(hidden)).rejects.toThrow(coded("integrity"));
    });
  });
}
