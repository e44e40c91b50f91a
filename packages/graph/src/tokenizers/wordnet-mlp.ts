/* Written by tooling/recipes/graph/export-links.ts. */
import type { Manifest } from "@dtok/core";
import { wordnet } from "./wordnet.js";

export const manifest = {
  ...wordnet,
  id: "graph/wordnet-mlp",
  description:
    "WordNet's synsets from 12 anchors with distances, 6 relations, random codes and those of 8 neighbours: vectors of 256 numbers by their sums, turned by relations, beside an MLP over anchors and relations.",
  codebookSizes: [
    3001, 3001, 3001, 3001, 3001, 3001, 3001, 3001, 3001, 3001, 3001, 3001, 22, 22, 22, 22, 22, 22,
    22, 22, 22, 22, 22, 22, 38, 38, 38, 38, 38, 38, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049,
    2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 38, 38, 38, 38, 38, 38, 38, 38, 2049, 2049,
    2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049,
    2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049,
    2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049,
    2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049,
    2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049,
    2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049,
    2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049,
    2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049, 2049,
  ],
  settings: {
    dim: 256,
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
    identity: {
      codebooks: 16,
      size: 128,
      seed: 1,
    },
    neighbours: 8,
  },
  files: {
    encoder: {
      path: "encoder.onnx",
      bytes: 1808219,
      sha256: "994a433db0f9b60385a323391dab8ee359f6dee5988166510c214a111d2796a7",
    },
    scorer: {
      path: "scorer.onnx",
      bytes: 10717,
      sha256: "0f3d667fbdb214600c6ab27a0fad889eb0771ed20571989d6b7f94013ed5d9f6",
    },
    anchors: {
      path: "anchors.json",
      bytes: 49016,
      sha256: "7527286914281aaa76ffac76db8fa500eac98fe0e7c4abeec7d71b2016ba82cd",
    },
  },
  card: [
    {
      metric: "this encoder: MRR",
      value: 0.1726,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "this encoder: Hits@1",
      value: 0.1161,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "this encoder: Hits@3",
      value: 0.185,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "this encoder: Hits@10",
      value: 0.2818,
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
      value: 1.314,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "share of the full table's numbers",
      value: 0.05977,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
  ],
} as const satisfies Manifest<"graph">;
