import type { BenchTask, ExportsTask } from "../harness/task.js";

/** A task, and the package whose exports are its entries. */
export type Known = { readonly packageName: string } & (
  | { readonly task: BenchTask; readonly other?: undefined }
  | { readonly other: ExportsTask; readonly task?: undefined }
);

type Loader = () => Promise<Known>;

/** Tasks of tokenizers. Each is loaded when it is wanted: its package brings much with it. */
const tokenizers: Readonly<Record<string, Loader>> = {
  "image/reconstruction": async () => {
    const { imageReconstruction } = await import("./image-reconstruction.js");
    return { task: imageReconstruction as BenchTask, packageName: "@dtok/image" };
  },
  "audio/reconstruction": async () => {
    const { audioReconstruction } = await import("./audio-reconstruction.js");
    return { task: audioReconstruction as BenchTask, packageName: "@dtok/audio" };
  },
  "video/reconstruction": async () => {
    const { videoReconstruction } = await import("./video-reconstruction.js");
    return { task: videoReconstruction as BenchTask, packageName: "@dtok/video" };
  },
  "motion/reconstruction": async () => {
    const { motionReconstruction } = await import("./motion-reconstruction.js");
    return { task: motionReconstruction as BenchTask, packageName: "@dtok/motion" };
  },
  "graph/neighbourhoods": async () => {
    const { graphNeighbourhoods } = await import("./graph-neighbourhoods.js");
    return { task: graphNeighbourhoods as BenchTask, packageName: "@dtok/graph" };
  },
  "recsys/ids": async () => {
    const { recsysIds } = await import("./recsys-ids.js");
    return { task: recsysIds as BenchTask, packageName: "@dtok/recsys" };
  },
};

/** Tasks whose entries are quantizers, layouts, graphs. */
const others: Readonly<Record<string, Loader>> = {
  "graph/links": async () => ({
    other: (await import("./graph-links.js")).graphLinks,
    packageName: "@dtok/graph",
  }),
  "llm/layouts": async () => ({
    other: (await import("./llm-layouts.js")).llmLayouts,
    packageName: "@dtok/llm",
  }),
  "vectors/quantizers": async () => ({
    other: (await import("./vectors-quantizers.js")).vectorsQuantizers,
    packageName: "@dtok/core",
  }),
};

const modalityOf = (id: string) => id.slice(0, id.indexOf("/"));

/** One of this package's tasks; undefined for others, which a plugin may have. */
export async function loadTask(id: string): Promise<Known | undefined> {
  if (Object.hasOwn(tokenizers, id)) return tokenizers[id]!();
  return Object.hasOwn(others, id) ? others[id]!() : undefined;
}

/** "<modality>/runtime" measures the tokenizers of that modality's task in fresh processes. */
export function taskOfRuntime(id: string): string | undefined {
  if (!id.endsWith("/runtime")) return undefined;
  return Object.keys(tokenizers).find((task) => modalityOf(task) === modalityOf(id));
}

/** Every task that there is. */
export const taskIds: readonly string[] = [
  ...Object.keys(tokenizers).flatMap((id) => [id, `${modalityOf(id)}/runtime`]),
  ...Object.keys(others),
];
