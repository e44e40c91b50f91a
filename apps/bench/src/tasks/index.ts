import type { BenchTask } from "../harness/task.js";
import { imageReconstruction } from "./image-reconstruction.js";

/** A task, and the package whose tokenizers are its entries. */
export const tasks: Readonly<
  Record<string, { readonly task: BenchTask; readonly packageName: string }>
> = {
  [imageReconstruction.id]: { task: imageReconstruction as BenchTask, packageName: "@dtok/image" },
};
