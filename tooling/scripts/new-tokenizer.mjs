// `pnpm new-tokenizer <modality>/<name>`: a tokenizer's folder with its test, ready to fill in.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib.mjs";

const usage = `Usage: pnpm new-tokenizer <modality>/<name>

Makes packages/<modality>/src/tokenizers/<name>/ with the plugin, its manifest and a test that
already runs the conformance checks. Names are lower case, digits and dashes.

Example: pnpm new-tokenizer image/sketch-16x

A tokenizer in a package of your own, outside this repository: npm create dtok-tokenizer.`;

const argument = process.argv.slice(2).find((value) => !value.startsWith("-"));
if (process.argv.includes("--help") || process.argv.includes("-h")) {
  console.log(usage);
  process.exit(0);
}
const match = /^([a-z]+)\/([a-z][a-z0-9-]*)$/.exec(argument ?? "");
if (!match) {
  console.error(usage);
  process.exit(2);
}
const [, modality, name] = match;
const modalities = ["image", "audio", "video", "graph", "motion", "recsys"];
if (!modalities.includes(modality)) {
  console.error(`No package packages/${modality}; there are: ${modalities.join(", ")}.`);
  process.exit(2);
}
const folder = join(root, "packages", modality, "src", "tokenizers", name);
if (existsSync(folder)) {
  console.error(`${folder} exists already; nothing was changed.`);
  process.exit(1);
}

const camel = name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const files = {
  "index.ts": `import { createQuantizer } from "@dtok/core";
import type { Codec, TokenGrid, TokenizerPlugin } from "@dtok/core";
import { manifest } from "./manifest.js";

type Signal = import("@dtok/core").Signals["${modality}"];

/** TODO: one sentence: what it tokenizes, at which rate, and the paper it follows. */
export const ${camel}: TokenizerPlugin<"${modality}/${name}", "${modality}"> = {
  manifest,
  async load({ runtime, readFile }): Promise<Codec<Signal>> {
    const encoder = await runtime.load(await readFile("encoder"));
    const decoder = await runtime.load(await readFile("decoder"));
    const quantizer = createQuantizer(manifest.quantizer);
    return {
      manifest,
      async encode(_signal): Promise<TokenGrid> {
        throw new Error(\`TODO: run the encoder and quantize with \${quantizer.spec}\`);
      },
      async decode(_grid): Promise<Signal> {
        throw new Error("TODO: dequantize and run the decoder");
      },
      async close() {
        await Promise.all([encoder.close(), decoder.close()]);
      },
    };
  },
};
`,
  "manifest.ts": `import type { Manifest } from "@dtok/core";

/** TypeScript rather than JSON, so that the id stays a literal type. */
export const manifest = {
  format: "dtok-manifest-1",
  id: "${modality}/${name}",
  modality: "${modality}",
  version: "0.1.0",
  description: "TODO",
  quantizer: "fsq:8,5,5,5",
  codebookSizes: [1000],
  stride: [],
  files: {},
  settings: {},
  licences: { code: "Apache-2.0", weights: "TODO", data: "TODO" },
} as const satisfies Manifest<"${modality}">;
`,
  "index.test.ts": `import { createRuntime } from "@dtok/runtime";
import { describe, expect, it } from "vitest";
import { ${camel} } from "./index.js";

describe("${modality}/${name}", () => {
  it("declares what it is", () => {
    expect(${camel}.manifest.id).toBe("${modality}/${name}");
    // Remove once the files are trained and listed: a tokenizer without weights is not done.
    expect(Object.keys(${camel}.manifest.files)).toEqual(["encoder", "decoder"]);
  });

  it("passes the conformance checks", async () => {
    const { checkCodec } = await import("@dtok/conformance");
    const runtime = await createRuntime();
    const codec = await ${camel}.load({
      runtime,
      readFile: () => Promise.reject(new Error("TODO: read the model files")),
    });
    const results = await checkCodec(codec, [
      /* TODO: a few real signals */
    ]);
    expect(results.filter((result) => result.status === "fail")).toEqual([]);
  });
});
`,
};
mkdirSync(folder, { recursive: true });
for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
console.log(`Made ${Object.keys(files).join(", ")} in packages/${modality}/src/tokenizers/${name}/.

Next:
  1. describe the model in manifest.ts (quantizer, codebook sizes, stride, licences)
  2. train it: tooling/recipes/${modality} shows how; put encoder.onnx and decoder.onnx into models/${name}/
  3. fill in encode and decode in index.ts
  4. npx vitest run packages/${modality}/src/tokenizers/${name}
  5. export it from packages/${modality}/src/index.ts and run \`pnpm changeset\``);
