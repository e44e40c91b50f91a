export { writeOnnx } from "./onnx/writer.js";
export type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxValueInfo } from "./onnx/writer.js";
export { GraphBuilder, Value } from "./graph/builder.js";
export type { Dim, GradientRule, OperatorCall, Parameter } from "./graph/builder.js";
export { gradients } from "./graph/gradients.js";
export {
  abs,
  add,
  cast,
  clip,
  div,
  equal,
  erf,
  exp,
  gelu,
  greater,
  leakyRelu,
  log,
  mul,
  neg,
  relu,
  roundThrough,
  sigmoid,
  sign,
  silu,
  sqrt,
  square,
  stopGradient,
  straightThrough,
  sub,
  tanh,
  where,
} from "./graph/elementwise.js";
export {
  averagePool,
  concat,
  depthToSpace,
  expand,
  pad,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  spaceToDepth,
  transpose,
} from "./graph/shape.js";
export { argMax, argMin, gather, oneHot, pick, scatterAdd } from "./graph/indices.js";
export { crossEntropy, logSoftmax, softmax } from "./graph/softmax.js";
export { conv1d } from "./graph/conv1d.js";
export type { Conv1dOptions } from "./graph/conv1d.js";
export { conv2d, matmul } from "./graph/linear.js";
export type { Conv2dOptions } from "./graph/linear.js";
export { heNormal, ones, zeros } from "./layers/init.js";
export type { Initialiser } from "./layers/init.js";
export { convLayer, linearLayer } from "./layers/layers.js";
export type { ConvLayerOptions } from "./layers/layers.js";
export { fsqLayer } from "./layers/fsq.js";
export { channelNorm, groupNorm, layerNorm, rmsNorm } from "./layers/norm.js";
export { sinkhornAssign } from "./layers/sinkhorn.js";
export type { SinkhornAssignOptions } from "./layers/sinkhorn.js";
export { unit, vqLayer } from "./layers/vq.js";
export type { VqLayerOptions, VqLayerResult } from "./layers/vq.js";
export { adaptiveWeight } from "./losses/adaptive-weight.js";
export type { AdaptiveWeightOptions } from "./losses/adaptive-weight.js";
export { cosineSchedule } from "./optim/schedule.js";
export type { ScheduleOptions } from "./optim/schedule.js";
export type { AdamOptions } from "./optim/adam.js";
export { SparseTable } from "./optim/sparse-table.js";
export { toFloat16 } from "./float16.js";
export { Trainer } from "./trainer.js";
export type { ModelFunction, StepResult, TrainerOptions } from "./trainer.js";
