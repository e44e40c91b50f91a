import type { BenchTask } from "../harness/task.js";
import { audioReconstruction } from "./audio-reconstruction.js";
import { imageReconstruction } from "./image-reconstruction.js";

/** A task, and the package whose tokenizers are its entries. */
export const tasks: Readonly<
  Record<string, { readonly task: BenchTask; readonly packageName: string }>
> = {
  [audioReconstruction.id]: { task: audioReconstruction as BenchTask, packageName: "@dtok/audio" },
  [imageReconstruction.id]: { task: imageReconstruction as BenchTask, packageName: "@dtok/image" },
};
