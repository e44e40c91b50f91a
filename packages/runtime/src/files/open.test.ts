import type { Manifest, ModelRuntime } from "@dtok/core";
import { expect, test } from "vitest";
import { modelOpener } from "./open.js";

const manifest = { id: "image/x" } as Manifest;
const folder = new URL("file:///package/models/x/");

/** An opener with all that happened, in order. */
function opener() {
  const events: string[] = [];
  const runtime = (name: string) =>
    ({ name, close: async () => void events.push(`${name} closed`) }) as unknown as ModelRuntime;
  const open = modelOpener(
    async () => runtime("own"),
    (base) => async (name) => {
      events.push(`read ${typeof base === "function" ? base(name) : base}`);
      return new Uint8Array();
    },
  );
  const load = async ({ runtime: of, readFile }: Parameters<Parameters<typeof open>[3]>[0]) => {
    await readFile("encoder");
    return { of: of.name, close: async () => void events.push("model closed") };
  };
  return { events, runtime, open, load };
}

test("a runtime of its own is closed after the model", async () => {
  const { events, open, load } = opener();
  const made = await open(manifest, folder, {}, load);
  expect(made.of).toBe("own");
  await made.close();
  expect(events).toEqual([`read ${folder}`, "model closed", "own closed"]);
});

test("a runtime that was given stays open", async () => {
  const { events, runtime, open, load } = opener();
  const made = await open(manifest, folder, { runtime: runtime("given") }, load);
  expect(made.of).toBe("given");
  await made.close();
  expect(events).toEqual([`read ${folder}`, "model closed"]);
  const broken = open(manifest, folder, { runtime: runtime("given") }, () =>
    Promise.reject(new Error("no")),
  );
  await expect(broken).rejects.toThrow("no");
  expect(events).not.toContain("given closed");
});

test("a runtime of its own is closed at once where loading fails", async () => {
  const { events, open } = opener();
  await expect(open(manifest, folder, {}, () => Promise.reject(new Error("no")))).rejects.toThrow(
    "no",
  );
  expect(events).toEqual(["own closed"]);
});

test("files have addresses of their own, or lie below baseUrl", async () => {
  const { events, open, load } = opener();
  const files = { encoder: () => new URL("https://cdn.example/encoder.abc.onnx") };
  await open(manifest, files, {}, load);
  await open(manifest, files, { baseUrl: "https://example.org/models/" }, load);
  expect(events).toEqual([
    "read https://cdn.example/encoder.abc.onnx",
    "read https://example.org/models/",
  ]);
});
