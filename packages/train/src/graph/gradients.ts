import { ArgumentError } from "@dtok/core";
import { add } from "./elementwise.js";
import type { GraphNode, Value } from "./builder.js";

/**
 * Reverse-mode differentiation: adds the operators that compute d loss / d target for each target
 * to the loss's graph. `loss` is a scalar. Targets that the loss does not depend on give undefined.
 */
export function gradients(loss: Value, targets: readonly Value[]): (Value | undefined)[] {
  if (loss.shape.some((size) => size !== 1)) {
    throw new ArgumentError("loss", {
      expected: "a scalar",
      got: `shape [${loss.shape.join(", ")}]`,
      remedy: "Reduce the loss to its mean first.",
    });
  }
  const { graph } = loss;
  // The list as it is now: gradient rules append to it.
  const order = [...graph.nodes];
  const wanted = new Set(targets.map((target) => target.name));
  const depends = new Set<GraphNode>();
  for (const node of order) {
    const moves = (value: Value) =>
      wanted.has(value.name) || (value.node !== undefined && depends.has(value.node));
    if (node.inputs.some(moves)) depends.add(node);
  }

  const parts = new Map<string, Value[]>();
  const give = (value: Value, gradient: Value) => {
    const list = parts.get(value.name);
    if (list) list.push(gradient);
    else parts.set(value.name, [gradient]);
  };
  const total = (value: Value): Value | undefined => {
    const list = parts.get(value.name);
    if (!list) return undefined;
    const sum = list.reduce((a, b) => add(a, b));
    parts.set(value.name, [sum]);
    return sum;
  };

  give(loss, graph.constant({ data: Float32Array.of(1), shape: loss.shape as number[] }, "one"));
  for (const node of order.toReversed()) {
    if (!depends.has(node)) continue;
    const incoming = node.outputs.map(total);
    if (incoming.every((gradient) => gradient === undefined)) continue;
    if (!node.gradient) continue;
    const outgoing = node.gradient(incoming as Value[]);
    for (const [i, input] of node.inputs.entries()) {
      const gradient = outgoing[i];
      const moves = wanted.has(input.name) || (input.node !== undefined && depends.has(input.node));
      if (gradient && moves) give(input, gradient);
    }
  }
  return targets.map(total);
}
