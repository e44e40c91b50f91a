/**
 * Fréchet distance of two sets of vectors as normal distributions with diagonal covariances:
 * sum over numbers of (m1 - m2)^2 + (s1 - s2)^2. Full covariances need more vectors than held-out clips give.
 */
export function frechet(a: readonly Float32Array[], b: readonly Float32Array[], dim = 64): number {
  const [p, q] = [moments(a, dim), moments(b, dim)];
  let sum = 0;
  for (let d = 0; d < dim; d++)
    sum += (p.mean[d]! - q.mean[d]!) ** 2 + (p.deviation[d]! - q.deviation[d]!) ** 2;
  return sum;
}

function moments(parts: readonly Float32Array[], dim: number) {
  const mean = new Float64Array(dim);
  const deviation = new Float64Array(dim);
  const rows = parts.reduce((sum, part) => sum + part.length / dim, 0);
  for (const part of parts) for (const [i, value] of part.entries()) mean[i % dim]! += value / rows;
  for (const part of parts)
    for (const [i, value] of part.entries())
      deviation[i % dim]! += (value - mean[i % dim]!) ** 2 / rows;
  return { mean, deviation: deviation.map(Math.sqrt) };
}
