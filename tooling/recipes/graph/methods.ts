/** How a node becomes a vector: the entries of the comparison. */
import { Earl, NodePiece } from "@dtok/graph";
import type { KnowledgeGraph, NodePieceOptions } from "@dtok/graph";
import { encoderSize } from "@dtok/train/presets";
import type { CodeField, NodeCodes, NodeEncoderConfig } from "@dtok/train/presets";

export type Method =
  | { readonly kind: "table"; readonly dim: number; readonly parameters: number }
  | {
      readonly kind: "codes";
      readonly config: NodeEncoderConfig;
      /** Of the nodes as a graph of the same nodes and relations shows them, by the same anchors. */
      readonly codesOf: (graph: KnowledgeGraph) => NodeCodes;
      readonly parameters: number;
      /** What rebuilds the tokens. */
      readonly pieces?: NodePiece;
      /** Where the tokens have random codes: which. */
      readonly near?: Pick<NodePieceOptions, "identity" | "neighbours">;
    };

/** Numbers per node of the full table: half real, half imaginary. */
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

/**
 * Vectors that random codes go into as they are: numbers cost little there, since codebooks are shared, and of
 * d of them a node that has nothing to do with a question scores 1 / sqrt(d) of what the right one does.
 */
function wide(nodes: number) {
  return nodes > 100_000
    ? { dim: 256, hidden: 96 }
    : nodes > 1000
      ? { dim: 512, hidden: 96 }
      : { dim: 128, hidden: 64 };
}

/** Random codes of nodes and of up to eight neighbours. */
export const NEAR = { identity: { codebooks: 16, size: 128, seed: 1 }, neighbours: 8 } as const;

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

/** What fields need to know of a NodePiece. */
type Sizes = Pick<NodePiece, "perNode" | "relationsPerNode" | "codebookSizes">;

/** Columns of NodePiece's codes: anchors, their distances (added to the anchors), relations. */
export function nodePieceFields({
  perNode: k,
  relationsPerNode: d,
  codebookSizes,
}: Sizes): NodeEncoderConfig["fields"] {
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
  const codes = { size, each: c, none: size - 1, fixed: true, direct: true };
  return [
    { name: "code", from, columns: c, ...codes },
    { name: "near", from: from + c + neighbours, columns: neighbours * c, table: "code", ...codes },
    {
      name: "by",
      from: from + c,
      columns: neighbours,
      size: 2 * relations + 2,
      onto: "near",
      by: "turn",
    },
  ];
}

/** Their codes alone. */
function nearCodes(graph: KnowledgeGraph): NodeCodes {
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
function beside(a: NodeCodes, b: NodeCodes): NodeCodes {
  const width = a.shape[1] + b.shape[1];
  const data = new Int32Array(a.shape[0] * width);
  for (let n = 0; n < a.shape[0]; n++) {
    data.set(a.data.subarray(n * a.shape[1], (n + 1) * a.shape[1]), n * width);
    data.set(b.data.subarray(n * b.shape[1], (n + 1) * b.shape[1]), n * width + a.shape[1]);
  }
  return { data, shape: [a.shape[0], width] };
}

/** Anchors beside random codes: more would cost more than they tell. */
const MOST_ANCHORS = 3000;

/** The most anchors, or reserved entities, by which an encoder keeps to a tenth of the table's numbers. */
function affordable(nodes: number, config: (anchors: number) => NodeEncoderConfig): number {
  // A tenth of a small graph's table holds no network at all.
  if (nodes <= 1000) return sizes(nodes).anchors;
  const room = Math.floor((nodes * DIM) / 10) - encoderSize(config(0));
  return Math.max(
    1,
    Math.min(MOST_ANCHORS, Math.round(nodes / 4), Math.floor(room / config(0).width)),
  );
}

export function methodOf(name: MethodName, graph: KnowledgeGraph): Method {
  const nodes = graph.nodes.length;
  const relations = graph.relations.length;
  const { hidden, perNode } = sizes(nodes);
  const sum = { kind: "sum", width: DIM, hidden, dim: DIM, relations } as const;
  const { dim, hidden: middle } = wide(nodes);
  const broad = { kind: "sum", width: dim, hidden: middle, dim, relations } as const;
  const made = (
    config: NodeEncoderConfig,
    codesOf: (graph: KnowledgeGraph) => NodeCodes,
    pieces?: NodePiece,
  ): Method => ({
    kind: "codes",
    config,
    codesOf,
    parameters: encoderSize(config),
    ...(pieces && { pieces }),
    ...(config.fields.some((field) => field.name === "near") && { near: NEAR }),
  });
  const piecesOf = (options: NodePieceOptions) => {
    const pieces = new NodePiece(graph, options);
    const anchorNodes = Array.from(pieces.anchors, (n) => graph.nodes[n]!);
    const codesOf = (other: KnowledgeGraph) =>
      new NodePiece(other, { ...options, anchorNodes }).encode().codes;
    return { pieces, codesOf };
  };
  const nearOptions = (anchors: number) => ({
    ...nodePieceOptions(graph),
    anchors,
    perNode,
    ...NEAR,
  });
  const nearConfig = (pieces: Sizes) => {
    const from = 2 * pieces.perNode + pieces.relationsPerNode;
    return { ...broad, fields: [...nodePieceFields(pieces), ...nearFields(from, relations)] };
  };
  const nearAnchors = () =>
    affordable(nodes, (anchors) =>
      nearConfig({
        perNode,
        relationsPerNode: 6,
        codebookSizes: [
          ...Array.from({ length: perNode }, () => anchors + 1),
          ...Array.from({ length: perNode }, () => 22),
          2 * relations + 2,
        ],
      }),
    );
  switch (name) {
    case "table":
      return { kind: "table", dim: DIM, parameters: nodes * DIM };
    case "table-small": {
      // What the anchors' encoder may have.
      const half = Math.max(1, Math.floor(DIM / 20));
      return { kind: "table", dim: 2 * half, parameters: nodes * 2 * half };
    }
    case "randomeq":
      return made({ ...broad, fields: nearFields(0, relations) }, nearCodes);
    case "earl": {
      const fieldsOf = (size: readonly number[], k: number, d: number): NodeEncoderConfig => ({
        ...broad,
        fields: [
          { name: "reserved", from: 0, columns: k, size: size[0]! },
          {
            name: "similarity",
            from: k,
            columns: k,
            size: size[k]!,
            onto: "reserved",
            by: "scale",
          },
          relationField(2 * k, d, size[2 * k]!),
          {
            name: "count",
            from: 2 * k + d,
            columns: d,
            size: size[2 * k + d]!,
            onto: "relation",
            by: "scale",
          },
          ...nearFields(2 * (k + d), relations),
        ],
      });
      const options = { perNode, relations: 6, seed: 1 };
      const sample = new Earl(graph, { ...options, reserved: perNode });
      const { perNode: k, relationsPerNode: d, codebookSizes: few } = sample;
      const reserved = affordable(nodes, (count) => fieldsOf([count + 1, ...few.slice(1)], k, d));
      const earl = new Earl(graph, { ...options, reserved });
      const reservedNodes = Array.from(earl.reserved, (n) => graph.nodes[n]!);
      return made(fieldsOf(earl.codebookSizes, k, d), (other) =>
        beside(new Earl(other, { ...options, reservedNodes }).encode().codes, nearCodes(other)),
      );
    }
    case "nodepiece-near": {
      const { pieces, codesOf } = piecesOf(nearOptions(nearAnchors()));
      return made(nearConfig(pieces), codesOf, pieces);
    }
    default: {
      const { pieces, codesOf } = piecesOf(nodePieceOptions(graph));
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
      return made(kinds[name], codesOf, pieces);
    }
  }
}
