export { runTask, UnknownTaskError } from "./harness/run-task.js";
export type { RunOptions } from "./harness/run-task.js";
export { measureIn } from "./harness/host.js";
export type { Measured, MeasureOptions } from "./harness/host.js";
export { installedPlugins, pluginPackage } from "./harness/discover.js";
export type { PluginPackage } from "./harness/discover.js";
export { summarise, summariseAll } from "./harness/format.js";
export type { BenchEntry, BenchFile, BenchMetric, Summary } from "./harness/format.js";
export type {
  BenchMeasure,
  BenchTask,
  ExportsTask,
  MeasuredEntry,
  OperatingPoint,
  Score,
  TaskInfo,
} from "./harness/task.js";
export type { NodeTokenizer } from "./tasks/graph-links.js";
export { taskIds } from "./tasks/index.js";
