/** How a node becomes a vector: the entries of the comparison. */
import { Earl, NodePiece, randomEntityCodes } from "@dtok/graph";
import type { KnowledgeGraph, NodePieceOptions } from "@dtok/graph";
import { encoderSize } from "@dtok/train/presets";
import type { NodeEncoderConfig } from "@dtok/train/presets";

export interface Codes {
  readonly data: Int32Array;
  readonly shape: readonly [number, number];
}

export type Method =
  | { readonly kind: "table"; readonly dim: number; readonly parameters: number }
  | {
      readonly kind: "codes";
      readonly config: NodeEncoderConfig;
      readonly codes: Codes;
      readonly parameters: number;
      /** What rebuilds the tokens. */
      readonly pieces?: NodePiece;
    };

/** Numbers per node: half real, half imaginary. */
export const DIM = 128;
export const METHODS = [
  "table",
  "table-small",
  "nodepiece-sum",
  "nodepiece-mlp",
  "nodepiece-transformer",
  "nodepiece-near",
  "nodepiece-random",
  "randomeq",
  "earl",
] as const;
export type MethodName = (typeof METHODS)[number];

/** Sizes by how many nodes there are: at most a tenth of the full table's numbers. */
function sizes(nodes: number) {
  return nodes > 50_000
    ? { anchors: 6000, perNode: 12, hidden: 384 }
    : nodes > 1000
      ? { anchors: 2900, perNode: 12, hidden: 256 }
      : { anchors: 40, perNode: 10, hidden: 128 };
}

/** Random codes beside the anchors (`nodepiece-random`): columns, entries of each. */
const RANDOM = { codebooks: 4, size: 128, seed: 1 } as const;
const NEAR = { identity: { codebooks: 4, size: 128, seed: 1 }, neighbours: 8 } as const;
/** Fewer anchors pay for them. */
const RANDOM_SHARE = 0.65;
const NEAR_SHARE = 0.7;

export function nodePieceOptions(graph: KnowledgeGraph, share = 1): NodePieceOptions {
  const { anchors, perNode } = sizes(graph.nodes.length);
  return {
    anchors: Math.round(anchors * share),
    perNode,
    relations: 6,
    maxDistance: 20,
    mix: { degree: 0.4, ppr: 0.4, random: 0.2 },
    seed: 1,
  };
}

/** Columns of NodePiece's codes: anchors, their distances (added to the anchors), relations. */
export function nodePieceFields(pieces: NodePiece): NodeEncoderConfig["fields"] {
  const { perNode: k, relationsPerNode: d, codebookSizes } = pieces;
  return [
    { name: "anchor", from: 0, columns: k, size: codebookSizes[0]! },
    { name: "distance", from: k, columns: k, size: codebookSizes[k]!, onto: "anchor", by: "scale" },
    { name: "relation", from: 2 * k, columns: d, size: codebookSizes[2 * k]! },
  ];
}

/** Fields of `nodepiece-near`: those of NodePiece, then the node's random codes and its neighbours'. */
function nearFields(pieces: NodePiece): NodeEncoderConfig["fields"] {
  const { perNode, relationsPerNode, neighbours, codebookSizes } = pieces;
  const { codebooks: c } = NEAR.identity;
  const from = 2 * perNode + relationsPerNode;
  const size = codebookSizes[from]!;
  const relations = codebookSizes[from + c]!;
  return [
    ...nodePieceFields(pieces),
    { name: "code", from, columns: c, size, each: c, none: size - 1, fixed: true },
    {
      name: "near",
      from: from + c + neighbours,
      columns: neighbours * c,
      size,
      each: c,
      table: "code",
      none: size - 1,
      fixed: true,
    },
    { name: "by", from: from + c, columns: neighbours, size: relations, onto: "near", by: "sign" },
  ];
}

/** Codes side by side. */
function beside(a: Codes, b: Codes): Codes {
  const width = a.shape[1] + b.shape[1];
  const data = new Int32Array(a.shape[0] * width);
  for (let n = 0; n < a.shape[0]; n++) {
    data.set(a.data.subarray(n * a.shape[1], (n + 1) * a.shape[1]), n * width);
    data.set(b.data.subarray(n * b.shape[1], (n + 1) * b.shape[1]), n * width + a.shape[1]);
  }
  return { data, shape: [a.shape[0], width] };
}

/** Codes of several codebooks as one table's. */
function stacked({ data, shape }: Codes, size: number): Codes {
  return { data: data.map((code, i) => (i % shape[1]) * size + code), shape };
}

export function methodOf(name: MethodName, graph: KnowledgeGraph): Method {
  const nodes = graph.nodes.length;
  const relations = graph.relations.length;
  const { hidden, perNode, anchors } = sizes(nodes);
  const sum = { kind: "sum", width: DIM, hidden, dim: DIM, relations } as const;
  const made = (config: NodeEncoderConfig, codes: Codes, pieces?: NodePiece): Method => ({
    kind: "codes",
    config,
    codes,
    parameters: encoderSize(config),
    ...(pieces && { pieces }),
  });
  if (name === "table") return { kind: "table", dim: DIM, parameters: nodes * DIM };
  if (name === "randomeq") {
    // As many codes per node as NodePiece has tokens, of a table of as many rows.
    const columns = perNode + 6;
    const size = Math.floor(anchors / columns);
    const { grid } = randomEntityCodes(graph.nodes, { codebooks: columns, size, seed: 1 });
    const fields = [{ name: "code", from: 0, columns, size: columns * size }];
    return made({ ...sum, fields }, stacked(grid.codes, size));
  }
  if (name === "earl") {
    const earl = new Earl(graph, { reserved: anchors, perNode, relations: 6, seed: 1 });
    const { perNode: k, relationsPerNode: d, codebookSizes } = earl;
    const fields: NodeEncoderConfig["fields"] = [
      { name: "reserved", from: 0, columns: k, size: codebookSizes[0]! },
      { name: "similarity", from: k, columns: k, size: codebookSizes[k]!, onto: "reserved" },
      { name: "relation", from: 2 * k, columns: d, size: codebookSizes[2 * k]! },
      {
        name: "count",
        from: 2 * k + d,
        columns: d,
        size: codebookSizes[2 * k + d]!,
        onto: "relation",
      },
    ];
    return made({ ...sum, fields }, earl.encode().codes);
  }
  if (name === "nodepiece-near") {
    const pieces = new NodePiece(graph, {
      ...nodePieceOptions(graph, NEAR_SHARE),
      perNode: 6,
      ...NEAR,
    });
    const fields = nearFields(pieces);
    return made({ ...sum, hidden: 128, fields }, pieces.encode().codes, pieces);
  }
  if (name === "nodepiece-random") {
    const pieces = new NodePiece(graph, nodePieceOptions(graph, RANDOM_SHARE));
    const { grid } = randomEntityCodes(graph.nodes, RANDOM);
    const { codebooks, size } = RANDOM;
    const own = pieces.encode().codes;
    const fields = [
      ...nodePieceFields(pieces),
      { name: "random", from: own.shape[1], columns: codebooks, size: codebooks * size },
    ];
    return made({ ...sum, fields }, beside(own, stacked(grid.codes, size)), pieces);
  }
  const pieces = new NodePiece(graph, nodePieceOptions(graph));
  const { codes } = pieces.encode();
  const fields = nodePieceFields(pieces);
  if (name === "table-small") {
    const dim = 2 * Math.max(1, Math.round(encoderSize({ ...sum, fields }) / nodes / 2));
    return { kind: "table", dim, parameters: nodes * dim };
  }
  if (name === "nodepiece-sum") return made({ ...sum, fields }, codes, pieces);
  const config: NodeEncoderConfig =
    name === "nodepiece-mlp"
      ? { ...sum, fields, kind: "mlp", width: DIM / 2 }
      : { ...sum, fields, kind: "transformer", width: DIM / 2, hidden: DIM };
  return made(config, codes, pieces);
}
