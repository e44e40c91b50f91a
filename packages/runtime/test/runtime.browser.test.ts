import { expect, test } from "vitest";
import { createRuntime, createWebRuntime } from "../src/index.browser.js";
import { addModel } from "./onnx.js";
import { runtimeSuite } from "./suite.js";

runtimeSuite("onnxruntime-web in a browser", createWebRuntime);

test("the page is isolated, so that WebAssembly threads are allowed", () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
});

test("asked for WebGPU, it runs there or falls back", async () => {
  const runtime = await createRuntime({ backend: "webgpu" });
  expect(runtime.name).toBe("web");
  const session = await runtime.load(addModel());
  const { y } = await session.run({ x: { data: Float32Array.of(1, 2), shape: [1, 2] } });
  expect(y?.data).toEqual(Float32Array.of(2, 4));
  await runtime.close();
});
