/** How a node becomes a vector: the entries of the comparison. */
import { Earl, NodePiece } from "@dtok/graph";
import type { KnowledgeGraph, NodePieceOptions } from "@dtok/graph";
import { encoderSize } from "@dtok/train/presets";
import type { CodeField, NodeEncoderConfig } from "@dtok/train/presets";

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
      /** Neighbours per node, of a field called "near". */
      readonly neighbours?: number;
    };

/** Numbers per node: half real, half imaginary. */
export const DIM = 128;
export const METHODS = [
  "table",
  "table-small",
  "nodepiece-mlp",
  "nodepiece-sum",
  "nodepiece-near",
  "nodepiece-transformer",
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

/** Random codes of nodes and of up to eight neighbours; fewer anchors beside them pay for them. */
const NEAR = { identity: { codebooks: 4, size: 128, seed: 1 }, neighbours: 8 } as const;
const BESIDE = { perNode: 6, hidden: 128, share: 0.69 } as const;

export function nodePieceOptions(graph: KnowledgeGraph): NodePieceOptions {
  const { anchors, perNode } = sizes(graph.nodes.length);
  return {
    anchors,
    perNode,
    relations: 6,
    maxDistance: 20,
    mix: { degree: 0.4, ppr: 0.4, random: 0.2 },
    seed: 1,
  };
}

function relationField(from: number, columns: number, size: number): CodeField {
  return { name: "relation", from, columns, size, none: size - 1 };
}

/** Columns of NodePiece's codes: anchors, their distances (added to the anchors), relations. */
export function nodePieceFields(pieces: NodePiece): NodeEncoderConfig["fields"] {
  const { perNode: k, relationsPerNode: d, codebookSizes } = pieces;
  return [
    { name: "anchor", from: 0, columns: k, size: codebookSizes[0]! },
    { name: "distance", from: k, columns: k, size: codebookSizes[k]!, onto: "anchor", by: "scale" },
    relationField(2 * k, d, codebookSizes[2 * k]!),
  ];
}

/** Fields of random codes, the node's and its neighbours', from a column on. */
function nearFields(from: number, relations: number): NodeEncoderConfig["fields"] {
  const { neighbours, identity } = NEAR;
  const c = identity.codebooks;
  const size = c * identity.size + 1;
  const codes = { size, each: c, none: size - 1, fixed: true };
  return [
    { name: "code", from, columns: c, ...codes },
    { name: "near", from: from + c + neighbours, columns: neighbours * c, table: "code", ...codes },
    {
      name: "by",
      from: from + c,
      columns: neighbours,
      size: 2 * relations + 2,
      onto: "near",
      by: "sign",
    },
  ];
}

/** Their codes alone. */
function nearCodes(graph: KnowledgeGraph): Codes {
  const pieces = new NodePiece(graph, { anchors: 1, perNode: 1, relations: 0, ...NEAR });
  const { data, shape } = pieces.encode().codes;
  const width = shape[1] - 2;
  const out = new Int32Array(shape[0] * width);
  for (let n = 0; n < shape[0]; n++) {
    out.set(data.subarray(n * shape[1] + 2, (n + 1) * shape[1]), n * width);
  }
  return { data: out, shape: [shape[0], width] };
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

export function methodOf(name: MethodName, graph: KnowledgeGraph): Method {
  const nodes = graph.nodes.length;
  const relations = graph.relations.length;
  const { hidden, perNode, anchors } = sizes(nodes);
  const fewer = Math.round(anchors * BESIDE.share);
  const sum = { kind: "sum", width: DIM, hidden, dim: DIM, relations } as const;
  const made = (config: NodeEncoderConfig, codes: Codes, pieces?: NodePiece): Method => ({
    kind: "codes",
    config,
    codes,
    parameters: encoderSize(config),
    ...(pieces && { pieces }),
    ...(config.fields.some((field) => field.name === "near") && { neighbours: NEAR.neighbours }),
  });
  const near = () => {
    const pieces = new NodePiece(graph, {
      ...nodePieceOptions(graph),
      anchors: fewer,
      perNode: Math.min(perNode, BESIDE.perNode),
      ...NEAR,
    });
    const from = 2 * pieces.perNode + pieces.relationsPerNode;
    return { pieces, fields: [...nodePieceFields(pieces), ...nearFields(from, relations)] };
  };
  const light = { ...sum, hidden: BESIDE.hidden };
  switch (name) {
    case "table":
      return { kind: "table", dim: DIM, parameters: nodes * DIM };
    case "table-small": {
      const numbers = encoderSize({ ...light, fields: near().fields });
      const dim = 2 * Math.max(1, Math.round(numbers / nodes / 2));
      return { kind: "table", dim, parameters: nodes * dim };
    }
    case "randomeq":
      return made({ ...light, fields: nearFields(0, relations) }, nearCodes(graph));
    case "earl": {
      const earl = new Earl(graph, {
        reserved: fewer,
        perNode: BESIDE.perNode,
        relations: 6,
        seed: 1,
      });
      const { perNode: k, relationsPerNode: d, codebookSizes: size } = earl;
      const own: NodeEncoderConfig["fields"] = [
        { name: "reserved", from: 0, columns: k, size: size[0]! },
        { name: "similarity", from: k, columns: k, size: size[k]!, onto: "reserved" },
        relationField(2 * k, d, size[2 * k]!),
        { name: "count", from: 2 * k + d, columns: d, size: size[2 * k + d]!, onto: "relation" },
      ];
      const codes = beside(earl.encode().codes, nearCodes(graph));
      return made({ ...light, fields: [...own, ...nearFields(size.length, relations)] }, codes);
    }
    case "nodepiece-near": {
      const { pieces, fields } = near();
      return made({ ...light, fields }, pieces.encode().codes, pieces);
    }
    default: {
      const pieces = new NodePiece(graph, nodePieceOptions(graph));
      const fields = nodePieceFields(pieces);
      const kinds: Record<typeof name, NodeEncoderConfig> = {
        "nodepiece-sum": { ...sum, fields },
        "nodepiece-mlp": { ...sum, fields, kind: "mlp", width: DIM / 2 },
        "nodepiece-transformer": {
          ...sum,
          fields,
          kind: "transformer",
          width: DIM / 2,
          hidden: DIM,
        },
      };
      const config = kinds[name];
      return made(config, pieces.encode().codes, pieces);
    }
  }
}
