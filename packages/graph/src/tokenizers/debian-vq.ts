import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/graph/export-vq.ts. */
export const manifest = {
  format: "dtok-manifest-1",
  id: "graph/debian-vq",
  modality: "graph",
  version: "0.1.0",
  description:
    "Packages of Debian with their neighbourhoods in the dependency graph, one code of 1,024 each.",
  quantizer: "vq-cos:1024",
  codebookSizes: [1024],
  stride: [1],
  settings: {
    dim: 82,
    width: 128,
    edge: 16,
  },
  files: {
    local: {
      path: "local.onnx",
      bytes: 66045,
      sha256: "8025d06610888343610d58c94254953b0e6b85228b503ccba621cdc93f17945a",
    },
    encoder: {
      path: "encoder.onnx",
      bytes: 108084,
      sha256: "3398bc198130a2c5bec1b18982cb63c25c0341d6556ec7f4575e85130f22482a",
    },
    decoder: {
      path: "decoder.onnx",
      bytes: 40649,
      sha256: "f17d3dd0885242367dd6c21883520026d6da04087b502a349b52cf754012bb58",
    },
    quantizer: {
      path: "quantizer.safetensors",
      bytes: 131328,
      sha256: "70566d93e5e44883667d01ecc27673434d0861cd52dafd1c512a31bce0833e13",
    },
  },
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "Debian 12 (bookworm), main, amd64: the packages' index (relations, names, hashed words of descriptions)",
  },
  citation: "arXiv:2308.02117",
  card: [
    {
      metric: "edge AUC, edges of held-out packages against random pairs",
      value: 0.983,
      data: "Debian 12 main, 6377 packages that training never saw",
    },
    {
      metric: "edge AUC, the same against targets as popular",
      value: 0.935,
      data: "Debian 12 main, 6377 packages that training never saw",
    },
    {
      metric: "the same by the product of degrees",
      value: 0.907,
      data: "Debian 12 main, 6377 packages that training never saw",
    },
    {
      metric: "the same by the product of degrees, targets as popular",
      value: 0.485,
      data: "Debian 12 main, 6377 packages that training never saw",
    },
    {
      metric: "edge AUC, edges between packages of training",
      value: 0.987,
      data: "Debian 12 main, training packages",
    },
    {
      metric: "edge AUC, the same against targets as popular",
      value: 0.94,
      data: "Debian 12 main, training packages",
    },
    {
      metric: "edge AUC, edges that the encoder does not see",
      value: 0.963,
      data: "Debian 12 main, 3105 edges taken out of the graph",
    },
    {
      metric: "edge AUC, the same against targets as popular",
      value: 0.889,
      data: "Debian 12 main, 3105 edges taken out of the graph",
    },
    {
      metric: "the same by the product of degrees",
      value: 0.9,
      data: "Debian 12 main, 3105 edges taken out of the graph",
    },
    {
      metric: "the same by the product of degrees, targets as popular",
      value: 0.53,
      data: "Debian 12 main, 3105 edges taken out of the graph",
    },
    {
      metric: "decoded edges that are in the graph",
      value: 0.0289,
      data: "Debian 12 main, all packages",
    },
    {
      metric: "relative feature error",
      value: 0.879,
      data: "Debian 12 main, 6377 packages that training never saw",
    },
    {
      metric: "relative feature error of 1,024 k-means codes of features alone",
      value: 0.612,
      data: "Debian 12 main, 6377 packages that training never saw",
    },
    {
      metric: "codes used",
      value: 0.992,
      data: "Debian 12 main, all packages",
    },
    {
      metric: "entropy of codes",
      value: 9.35,
      unit: "bits",
      data: "Debian 12 main, all packages",
    },
    {
      metric: "nodes encoded per second",
      value: 2820,
      data: "two CPU cores shared with other work",
    },
  ],
} as const satisfies Manifest<"graph">;
