import { parseArgs } from "node:util";
import { relative } from "node:path";
import { CreateError, createTokenizer, templates } from "./index.js";
import type { TemplateName } from "./index.js";

const list = Object.entries(templates).map(([key, { what }]) => `    ${key.padEnd(10)}${what}`);
const usage = `Usage: npm create dtok-tokenizer <folder> [-- options]

Makes a package with a tokenizer that runs, its ONNX graphs, and its conformance tests on
onnxruntime-node and onnxruntime-web.

Options:
  --template <name>   what to start from (default: image)
${list.join("\n")}
  --name <package>    name of the package (default: the folder's)
  --json              print what was made as JSON
  -h, --help          show this

Example: npm create dtok-tokenizer my-codec`;

/** Ends with 2 for a wrong command line, 1 for a folder that cannot be written. */
function main(): number {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        template: { type: "string", default: "image" },
        name: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (positionals.length !== 1) {
    console.error(usage);
    return 2;
  }
  try {
    const made = createTokenizer({
      folder: positionals[0] as string,
      template: values.template as TemplateName,
      ...(values.name === undefined ? {} : { packageName: values.name }),
    });
    const near = relative(process.cwd(), made.folder) || ".";
    const where = near.startsWith("..") ? made.folder : near;
    console.log(
      values.json
        ? JSON.stringify(made)
        : `${made.packageName} (${made.id}) is in ${where}. Next:\n\n` +
            `  cd ${where}\n  npm install\n  npm test\n  npm run build\n  npm run bench`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error instanceof CreateError ? error.message : `${error.name}: ${error.message}`);
    return error instanceof CreateError && error.message.startsWith("template") ? 2 : 1;
  }
}

process.exitCode = main();
