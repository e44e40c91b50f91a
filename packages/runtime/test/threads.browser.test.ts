// A page of its own, since ONNX Runtime takes its number of threads when the first model loads.
import { afterAll, expect, test } from "vitest";
import { createWebRuntime } from "../src/index.browser.js";
import { addModel } from "./onnx.js";

const Native = globalThis.Worker;
let workers = 0;
globalThis.Worker = class extends Native {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    workers++;
  }
};
afterAll(() => {
  globalThis.Worker = Native;
});

test("on an isolated page WebAssembly runs on as many threads as asked for", async () => {
  const runtime = await createWebRuntime({ threads: 3 });
  const session = await runtime.load(addModel());
  const { y } = await session.run({ x: { data: Float32Array.of(1, 2), shape: [1, 2] } });
  expect(y?.data).toEqual(Float32Array.of(2, 4));
  // The page's own thread is one of them.
  expect(workers).toBe(2);
  await runtime.close();
});
