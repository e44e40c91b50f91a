// A tokenizer from a stranger's package (plugin-template/): registry, ids, checks. Expect: no fail.
import { checkCodec } from "@dtok/conformance";
import { createRegistry } from "@dtok/core";
import { Vocabulary, pack } from "@dtok/llm";
import { createModelReader, createRuntime } from "@dtok/runtime";
import { dct16x } from "./plugin-template/src/index.js";

const runtime = await createRuntime();
const models = new URL("./plugin-template/models/", import.meta.url);
const readFile = createModelReader(models, dct16x.manifest);
const registry = createRegistry([dct16x], { context: () => ({ runtime, readFile }) });
const codec = await registry.load("series/dct-16x"); // its signal is known: a Float32Array
const day = Float32Array.from({ length: 96 }, (_, i) => 0.6 * Math.sin(i / 15));
const grid = await codec.encode(day);
const back = await codec.decode(grid);
const error = Math.max(...back.map((x, i) => Math.abs(x - day[i]!)));
console.log("readings", day.length, "codes", grid.codes.data.length, "largest error", error);

const { id, codebookSizes } = codec.manifest;
const modalities = [{ id, codebookSizes, axes: 1, layout: "sequence" } as const];
const vocabulary = new Vocabulary({ base: 50_257, modalities });
console.log("behind a text model's own ids:", pack(vocabulary, [grid]).ids.join(" "));
for (const { name, status } of await checkCodec(codec, [day])) console.log(status, name);
await registry.close();
await runtime.close();
