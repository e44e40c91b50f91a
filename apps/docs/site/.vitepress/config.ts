import { existsSync, readFileSync } from "node:fs";
import { defineConfig } from "vitepress";

/** Links that a generator left beside its pages; none if it did not run. */
function read(path: string): { text: string; link: string }[] {
  const file = new URL(path, import.meta.url);
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as { text: string; link: string }[])
    : [];
}

/** Pages of the API that typedoc wrote (src/build.ts); none in a quick build. */
const api = read("../api/sidebar.json");

const packages = read("../guide/packages/sidebar.json");
const guide = [
  {
    text: "Guide",
    items: [
      { text: "Start", link: "/guide/" },
      { text: "Photographs", link: "/guide/image" },
      { text: "Sound", link: "/guide/audio" },
      { text: "Clips", link: "/guide/video" },
      { text: "Motion", link: "/guide/motion" },
      { text: "Knowledge graphs", link: "/guide/graph" },
      { text: "Catalogues", link: "/guide/recsys" },
      { text: "In a language model", link: "/guide/llm" },
      { text: "Quantizers alone", link: "/guide/quantizers" },
      { text: "A plugin of your own", link: "/guide/plugins" },
    ],
  },
  { text: "Packages", items: packages },
  {
    text: "Background",
    items: [
      { text: "What each quantizer does", link: "/concepts/" },
      { text: "Design choices", link: "/design" },
    ],
  },
];

export default defineConfig({
  lang: "en-GB",
  title: "dtok",
  description: "Media to discrete tokens for language models and back, in TypeScript.",
  base: process.env["DOCS_BASE"] ?? "/",
  cleanUrls: false,
  // The site is built where its sources' links into the repository cannot be followed.
  ignoreDeadLinks: [/^https?:/, /^\/api\//],
  head: [["link", { rel: "icon", href: "data:," }]],
  appearance: true,
  markdown: { theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Guide", link: "/guide/" },
      { text: "Playground", link: "/playground" },
      { text: "Leaderboard", link: "/leaderboard/" },
      { text: "Survey", link: "/survey/techniques" },
      ...(api.length > 0 ? [{ text: "API", link: "/api/" }] : []),
    ],
    sidebar: {
      "/guide/": guide,
      "/concepts/": guide,
      "/design": guide,
      "/api/": [{ text: "API", items: api }],
    },
  },
  vite: {
    resolve: { conditions: ["@dtok/source", "browser", "module", "import", "default"] },
    ssr: { noExternal: [/^@dtok\//] },
    worker: { format: "es" },
    // Pre-bundled, their `new URL("….onnx", import.meta.url)` would point beside the bundle.
    optimizeDeps: {
      // Else the development server finds the worker's dependencies one by one, and reloads for each.
      entries: ["../src/playground/worker.ts"],
      exclude: [
        "onnxruntime-web",
        ...["core", "runtime", "image", "audio", "video", "motion", "graph", "recsys"].map(
          (name) => `@dtok/${name}`,
        ),
      ],
    },
    build: { chunkSizeWarningLimit: 2000 },
  },
});
