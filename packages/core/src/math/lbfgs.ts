/*
 * Limited-memory BFGS with backtracking: Liu, Nocedal, "On the limited memory BFGS method for large scale
 * optimization", Mathematical Programming 45 (1989).
 */

/** Pairs of steps and gradient changes that are remembered. */
const MEMORY = 8;
/** Halvings of a step after which the search ends. */
const MAX_HALVINGS = 30;

/**
 * Lowers a smooth function from `start` by at most `steps` steps; the value never rises.
 *
 * @param value writes the gradient at x and returns the value
 * @param options.rate share of the gradient that the first step tries; later ones find their own
 * @returns the point reached, a new array
 */
export function lbfgs(
  start: Float64Array,
  value: (x: Float64Array, gradient: Float64Array) => number,
  { steps, rate: first }: { readonly steps: number; readonly rate: number },
): Float64Array {
  const size = start.length;
  let x = start.slice();
  let gradient = new Float64Array(size);
  let current = value(x, gradient);
  const moves: Float64Array[] = [];
  const changes: Float64Array[] = [];
  for (let step = 0; step < steps; step++) {
    const direction = descent(gradient, moves, changes);
    const slope = dot(direction, gradient);
    if (!(slope < 0)) break;
    let rate = moves.length === 0 ? first : 1;
    let next = x;
    let nextGradient = gradient;
    let found = Infinity;
    for (let halving = 0; halving < MAX_HALVINGS; halving++, rate /= 2) {
      next = x.map((v, i) => v + rate * direction[i]!);
      nextGradient = new Float64Array(size);
      found = value(next, nextGradient);
      // Armijo's condition; false for NaN.
      if (found <= current + 1e-4 * rate * slope) break;
    }
    if (!(found < current)) break;
    const move = next.map((v, i) => v - x[i]!);
    const change = nextGradient.map((v, i) => v - gradient[i]!);
    // Only pairs of positive curvature keep the model positive definite.
    if (dot(move, change) > 1e-12 * dot(change, change)) {
      moves.push(move);
      changes.push(change);
      if (moves.length > MEMORY) {
        moves.shift();
        changes.shift();
      }
    }
    [x, gradient, current] = [next, nextGradient, found];
  }
  return x;
}

/** -H g by the two-loop recursion. */
function descent(
  gradient: Float64Array,
  moves: readonly Float64Array[],
  changes: readonly Float64Array[],
): Float64Array {
  const out = gradient.map((v) => -v);
  const weights = new Float64Array(moves.length);
  for (let i = moves.length - 1; i >= 0; i--) {
    weights[i] = dot(moves[i]!, out) / dot(moves[i]!, changes[i]!);
    add(out, changes[i]!, -weights[i]!);
  }
  const last = moves.length - 1;
  if (last >= 0) {
    const scale = dot(moves[last]!, changes[last]!) / dot(changes[last]!, changes[last]!);
    for (let d = 0; d < out.length; d++) out[d] = out[d]! * scale;
  }
  for (let i = 0; i <= last; i++) {
    const back = dot(changes[i]!, out) / dot(moves[i]!, changes[i]!);
    add(out, moves[i]!, weights[i]! - back);
  }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function add(to: Float64Array, from: Float64Array, scale: number): void {
  for (let i = 0; i < to.length; i++) to[i] = to[i]! + scale * from[i]!;
}
