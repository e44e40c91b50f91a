import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/graph/export-links.ts. */
export const manifest = {
  format: "dtok-manifest-1",
  id: "graph/wordnet-mlp",
  modality: "graph",
  version: "0.1.0",
  description:
    "WordNet's synsets from 12 anchors with distances and 6 relations: vectors of 128 numbers by an MLP over the sum of the anchors and that of the relations.",
  quantizer: "nodepiece",
  codebookSizes: [
    6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 22, 22, 22, 22, 22, 22,
    22, 22, 22, 22, 22, 22, 38, 38, 38, 38, 38, 38,
  ],
  stride: [1],
  settings: {
    dim: 128,
    relations: [
      "also_see",
      "antonym",
      "attribute",
      "cause",
      "derivation",
      "domain_region",
      "domain_topic",
      "domain_usage",
      "entailment",
      "hypernym",
      "instance_hypernym",
      "member_holonym",
      "part_holonym",
      "participle",
      "pertainym",
      "similar_to",
      "substance_holonym",
      "verb_group",
    ],
    perNode: 12,
    relationsPerNode: 6,
    maxDistance: 20,
  },
  files: {
    encoder: {
      path: "encoder.onnx",
      bytes: 1916686,
      sha256: "3a25529ab35847393de621ecf0c39da2e12a3a4d25610e36fdf153be8db53726",
    },
    scorer: {
      path: "scorer.onnx",
      bytes: 6109,
      sha256: "fdd596fe04649a81cec5ee4ce4155c0f7941797861078ce5775d0460c361220d",
    },
    anchors: {
      path: "anchors.json",
      bytes: 98550,
      sha256: "21441a63f10dceab2cf249b5a839146c8127cd0729cc58cfc84500a25a965e64",
    },
  },
  licences: {
    code: "Apache-2.0",
    weights: "WordNet 3.0 licence (free for any purpose, with its notice)",
    data: "WordNet 3.1, Copyright 2011 Princeton University",
  },
  citation: "arXiv:2106.12144",
  card: [
    {
      metric: "this encoder: MRR",
      value: 0.04401,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "this encoder: Hits@1",
      value: 0.01508,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "this encoder: Hits@3",
      value: 0.04457,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "this encoder: Hits@10",
      value: 0.09588,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
  ],
} as const satisfies Manifest<"graph">;
