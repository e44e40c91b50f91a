import { expect, test } from "vitest";
import * as browserEntry from "../src/index.browser.js";
import * as nodeEntry from "../src/index.js";
import { createNodeRuntime, createRuntime, createWebRuntime } from "../src/index.js";
import { runtimeSuite } from "./suite.js";

runtimeSuite("onnxruntime-node", createNodeRuntime);
runtimeSuite("onnxruntime-web in Node.js", () => createWebRuntime({ threads: 1 }));

test("createRuntime picks native code in Node.js", async () => {
  const runtime = await createRuntime();
  expect(runtime.name).toBe("node");
  await runtime.close();
});

test("both entries name the same things; the node entry adds what only Node.js has", () => {
  const names = Object.keys(browserEntry).sort();
  expect(names).toEqual([
    "ClosedError",
    "FetchError",
    "ModelRunError",
    "createModelReader",
    "createOrtKernels",
    "createRuntime",
    "createWebRuntime",
    "digest",
    "openModel",
    "openModelFolder",
    "refuseExternalData",
    "safePath",
  ]);
  expect(Object.keys(nodeEntry).sort()).toEqual(
    [...names, "createNodeKernels", "createNodeRuntime", "defaultCacheFolder"].sort(),
  );
  // TypeScript sees only one of the two: what runs against one must type-check against the other.
  const shared: typeof browserEntry = nodeEntry;
  expect(shared).toBe(nodeEntry);
});
