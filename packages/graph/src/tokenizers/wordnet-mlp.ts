/* Written by tooling/recipes/graph/export-links.ts. */
import type { Manifest } from "@dtok/core";
import { wordnet } from "./wordnet.js";

export const manifest = {
  ...wordnet,
  id: "graph/wordnet-mlp",
  description:
    "WordNet's synsets from 12 anchors with distances and 6 relations: vectors of 128 numbers by an MLP over the sum of the anchors and that of the relations.",
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
    {
      metric: "a row per node, ComplEx: MRR",
      value: 0.07556,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "a row per node, ComplEx: Hits@1",
      value: 0.05804,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "a row per node, ComplEx: Hits@3",
      value: 0.08268,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "a row per node, ComplEx: Hits@10",
      value: 0.1057,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "share of the full table's MRR",
      value: 0.5824,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
    {
      metric: "share of the full table's numbers",
      value: 0.06345,
      data: "WordNet 3.1, 3713 held-out edges, no inverse or parallel edge in training",
    },
  ],
} as const satisfies Manifest<"graph">;
