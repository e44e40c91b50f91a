/** The dependency rules of the design, held by a tool. `pnpm lint` runs it. */
const tests = "\\.(test|bench)\\.ts$|/test/|/fixtures/";
module.exports = {
  forbidden: [
    {
      name: "core-imports-nothing",
      comment: "core has no dependency at all; its ./node entry may use Node.js itself.",
      severity: "error",
      from: { path: "^packages/core/src", pathNot: tests },
      to: { pathNot: "^packages/core/src", dependencyTypesNot: ["core"] },
    },
    {
      name: "core-main-is-portable",
      comment: "Only files named *.node.ts or below node/ may import Node.js' own modules in core.",
      severity: "error",
      from: { path: "^packages/core/src", pathNot: `${tests}|/node/|\\.node\\.ts$` },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "only-runtime-imports-onnxruntime",
      severity: "error",
      from: { path: "^(packages|apps|tooling|examples)/", pathNot: `^packages/runtime/|${tests}` },
      to: { path: "onnxruntime-(node|web|common)" },
    },
    {
      name: "modalities-stay-apart",
      comment: "What two modalities share moves down a package.",
      severity: "error",
      from: { path: "^packages/(image|audio|video|graph|motion|recsys)/src" },
      to: {
        path: "^packages/(image|audio|video|graph|motion|recsys)/",
        pathNot: "^packages/$1/",
      },
    },
    {
      name: "modalities-do-not-train",
      comment: "Inference packages never pull the trainer in.",
      severity: "error",
      from: { path: "^packages/(image|audio|video|graph|motion|recsys)/src", pathNot: tests },
      to: { path: "^packages/train/" },
    },
    {
      name: "nothing-imports-apps",
      severity: "error",
      from: { pathNot: "^(apps|examples|e2e)/" },
      to: { path: "^(apps|examples)/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-undeclared",
      comment: "A package imports only what its package.json names.",
      severity: "error",
      from: { path: "^packages/[^/]+/src", pathNot: tests },
      to: {
        dependencyTypes: ["npm-no-pkg", "npm-unknown", "unknown"],
        // An optional peer that is a development dependency too gets both names.
        dependencyTypesNot: ["npm-peer"],
        // The types that all entries of this (declared) package share.
        pathNot: "onnxruntime-web/types\\.d\\.ts$",
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules|/dist/" },
    exclude: { path: "/dist/|\\.data/|/models/" },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      conditionNames: ["@dtok/source", "node", "import", "default", "types"],
      exportsFields: ["exports"],
      extensions: [".ts", ".mts", ".js", ".mjs", ".json"],
    },
  },
};
