/* Written by tooling/recipes/graph/export-links.ts. */
import type { Manifest } from "@dtok/core";
import { wordnet } from "./wordnet.js";

export const manifest = {
  ...wordnet,
  id: "graph/wordnet-transformer",
  description:
    "WordNet's synsets from 12 anchors with distances and 6 relations: vectors of 128 numbers by a Transformer.",
  codebookSizes: [
    6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 6001, 22, 22, 22, 22, 22, 22,
    22, 22, 22, 22, 22, 22, 38, 38, 38, 38, 38, 38,
  ],
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
      bytes: 868738,
      sha256: "faa5372ae3354bb93d43ebc5bcbe1479d36c0ffdfd615e4e006c43f19a91ca6f",
    },
    scorer: {
      path: "scorer.onnx",
      bytes: 6109,
      sha256: "3b4e9d0ab65fb59d1e24789ae9272bc7cc070a1c20a737a0a75a0a53a5f02a4d",
    },
    anchors: {
      path: "anchors.json",
      bytes: 98550,
      sha256: "21441a63f10dceab2cf249b5a839146c8127cd0729cc58cfc84500a25a965e64",
    },
  },
  card: [
    {
      metric: "this encoder: MRR",
      value: 0.05323,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "this encoder: Hits@1",
      value: 0.02868,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "this encoder: Hits@3",
      value: 0.05481,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "this encoder: Hits@10",
      value: 0.09669,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "a row per node, ComplEx: MRR",
      value: 0.1314,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "a row per node, ComplEx: Hits@1",
      value: 0.09952,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "a row per node, ComplEx: Hits@3",
      value: 0.1421,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "a row per node, ComplEx: Hits@10",
      value: 0.1934,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "share of the full table's MRR",
      value: 0.4052,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "share of the full table's numbers",
      value: 0.02858,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
  ],
} as const satisfies Manifest<"graph">;
