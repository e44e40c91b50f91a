import { createTokenGrid } from "@dtok/core";
import { pack, unpack, Vocabulary } from "@dtok/llm";
import { expect, test } from "vitest";
import { NodePiece } from "../src/tokens/node-piece.js";
import { graphOf, randomLines } from "./random-graph.js";

const pieces = new NodePiece(graphOf(randomLines(1, 30, 60), ["alone"]), {
  anchors: 6,
  perNode: 3,
  relations: 4,
});
const nodes = pieces.graph.nodes.slice(0, 5);

test("nodes in a sequence of @dtok/llm: a range of ids for every codebook", () => {
  const id = "graph/node-piece";
  const vocabulary = new Vocabulary({
    base: 100,
    modalities: [{ id, codebookSizes: pieces.codebookSizes, axes: 1, layout: "nodes" }],
  });
  const grid = { ...pieces.encode(nodes), tokenizer: id };
  const { ids, sides } = pack(vocabulary, [[1, 2], grid]);
  const parts = unpack(vocabulary, ids, { sides });
  expect((parts[1] as typeof grid).codes).toEqual(grid.codes);
});

test("one range of ids for all places: the tokenizer's own vocabulary, a row a node", () => {
  const id = "graph/shared";
  const codebookSizes = [pieces.vocabulary.size];
  const vocabulary = new Vocabulary({
    base: 100,
    modalities: [{ id, codebookSizes, axes: 2, layout: "row-separated" }],
  });
  const data = pieces.ids(pieces.encode(nodes));
  const shape = [nodes.length, pieces.columns.length] as const;
  const grid = createTokenGrid({
    codes: { data, shape: [data.length, 1] },
    shape: [...shape],
    codebookSizes,
    tokenizer: id,
  });
  const { ids, sides } = pack(vocabulary, [grid]);
  const back = unpack(vocabulary, ids, { sides })[0] as typeof grid;
  expect(pieces.gridOf(back.codes.data).codes).toEqual(pieces.encode(nodes).codes);
});
