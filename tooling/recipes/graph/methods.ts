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
  "nodepiece-mlp",
  "nodepiece-transformer",
  "randomeq",
  "earl",
] as const;
export type MethodName = (typeof METHODS)[number];

/** Sizes by how many nodes there are. */
function sizes(nodes: number) {
  return nodes > 50_000
    ? { anchors: 8000, perNode: 10, width: 64, hidden: 384 }
    : nodes > 1000
      ? { anchors: 3000, perNode: 8, width: 48, hidden: 256 }
      : { anchors: 40, perNode: 10, width: 32, hidden: 128 };
}

export function nodePieceOptions(graph: KnowledgeGraph): NodePieceOptions {
  const { anchors, perNode } = sizes(graph.nodes.length);
  return {
    anchors,
    perNode,
    relations: 4,
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
    { name: "distance", from: k, columns: k, size: codebookSizes[k]!, onto: 0 },
    { name: "relation", from: 2 * k, columns: d, size: codebookSizes[2 * k]! },
  ];
}

export function methodOf(name: MethodName, graph: KnowledgeGraph): Method {
  const nodes = graph.nodes.length;
  const relations = graph.relations.length;
  const { width, hidden, perNode, anchors } = sizes(nodes);
  const shared = { width, hidden, dim: DIM, relations };
  if (name === "table") return { kind: "table", dim: DIM, parameters: nodes * DIM };
  const pieces = new NodePiece(graph, nodePieceOptions(graph));
  const mlp: NodeEncoderConfig = { kind: "mlp", fields: nodePieceFields(pieces), ...shared };
  if (name === "table-small") {
    const dim = 2 * Math.max(1, Math.round(encoderSize(mlp) / nodes / 2));
    return { kind: "table", dim, parameters: nodes * dim };
  }
  if (name === "randomeq") {
    // As many codes per node as NodePiece has tokens, of a table of as many rows.
    const columns = perNode + pieces.relationsPerNode;
    const size = Math.floor((anchors + 1) / columns);
    const { grid } = randomEntityCodes(graph.nodes, { codebooks: columns, size, seed: 1 });
    const fields = Array.from({ length: columns }, (_, c) => ({
      name: `code.${c}`,
      from: c,
      columns: 1,
      size,
    }));
    const config: NodeEncoderConfig = { kind: "mlp", fields, ...shared };
    return { kind: "codes", config, codes: grid.codes, parameters: encoderSize(config) };
  }
  if (name === "earl") {
    const earl = new Earl(graph, { reserved: anchors, perNode, relations: 4, seed: 1 });
    const { perNode: k, relationsPerNode: d, codebookSizes } = earl;
    const config: NodeEncoderConfig = {
      kind: "mlp",
      fields: [
        { name: "reserved", from: 0, columns: k, size: codebookSizes[0]! },
        { name: "similarity", from: k, columns: k, size: codebookSizes[k]!, onto: 0 },
        { name: "relation", from: 2 * k, columns: d, size: codebookSizes[2 * k]! },
        { name: "count", from: 2 * k + d, columns: d, size: codebookSizes[2 * k + d]!, onto: k },
      ],
      ...shared,
    };
    return { kind: "codes", config, codes: earl.encode().codes, parameters: encoderSize(config) };
  }
  const config: NodeEncoderConfig =
    name === "nodepiece-mlp" ? mlp : { ...mlp, kind: "transformer", hidden: 2 * width };
  return {
    kind: "codes",
    config,
    codes: pieces.encode().codes,
    parameters: encoderSize(config),
    pieces,
  };
}
