/** Singular value and eigenvalue decompositions for the rotations of the PQ family. */

const MAX_SWEEPS = 40;

/**
 * One-sided Jacobi (Hestenes, 1958) on the square matrix whose columns are the rows of `columns`
 * [n, n]: afterwards these are orthogonal to one another, and `basis` rows went through the same
 * rotations.
 */
function orthogonalise(columns: Float64Array, basis: Float64Array, n: number): void {
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let rotated = false;
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        const a = p * n;
        const b = q * n;
        let pp = 0;
        let qq = 0;
        let pq = 0;
        for (let d = 0; d < n; d++) {
          const u = columns[a + d]!;
          const v = columns[b + d]!;
          pp += u * u;
          qq += v * v;
          pq += u * v;
        }
        if (pq === 0 || Math.abs(pq) <= 1e-12 * Math.sqrt(pp * qq)) continue;
        rotated = true;
        const zeta = (qq - pp) / (2 * pq);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = c * t;
        for (let d = 0; d < n; d++) {
          const u = columns[a + d]!;
          const v = columns[b + d]!;
          columns[a + d] = c * u - s * v;
          columns[b + d] = s * u + c * v;
          const x = basis[a + d]!;
          const y = basis[b + d]!;
          basis[a + d] = c * x - s * y;
          basis[b + d] = s * x + c * y;
        }
      }
    }
    if (!rotated) return;
  }
}

/**
 * The orthogonal R [n, n] that maximises trace(Rᵀ A) (orthogonal Procrustes; Schönemann, 1966):
 * A = U S Vᵀ, R = U Vᵀ. Directions that A maps to nothing are completed to an orthogonal matrix.
 *
 * @param basis rows V of an earlier, similar problem: few sweeps then suffice. Overwritten
 */
export function procrustes(a: Float64Array, n: number, basis = identity(n)): Float64Array {
  // columns[i] = A v_i.
  const columns = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < n; r++) {
      let sum = 0;
      for (let d = 0; d < n; d++) sum += a[r * n + d]! * basis[i * n + d]!;
      columns[i * n + r] = sum;
    }
  }
  orthogonalise(columns, basis, n);
  const norms = Array.from({ length: n }, (_, i) => norm(columns, i * n, n));
  const largest = Math.max(...norms);
  const order = norms.map((_, i) => i).sort((x, y) => norms[y]! - norms[x]! || x - y);
  const done: number[] = [];
  for (const i of order) {
    if (norms[i]! > 1e-10 * largest) {
      for (let d = 0; d < n; d++) columns[i * n + d] = columns[i * n + d]! / norms[i]!;
    } else {
      complete(columns, i, done, n);
    }
    done.push(i);
  }
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < n; r++) {
      const u = columns[i * n + r]!;
      for (let d = 0; d < n; d++) out[r * n + d] = out[r * n + d]! + u * basis[i * n + d]!;
    }
  }
  return out;
}

/** Fills row i with a unit vector that is orthogonal to the rows in `done`. */
function complete(rows: Float64Array, i: number, done: readonly number[], n: number): void {
  // Some axis keeps a length of at least sqrt((n - done) / n) outside of the span of the others.
  const left = new Float64Array(n).fill(1);
  for (const j of done) for (let d = 0; d < n; d++) left[d] = left[d]! - rows[j * n + d]! ** 2;
  const axis = left.indexOf(Math.max(...left));
  rows.fill(0, i * n, (i + 1) * n);
  rows[i * n + axis] = 1;
  for (let pass = 0; pass < 2; pass++) {
    for (const j of done) {
      let dot = 0;
      for (let d = 0; d < n; d++) dot += rows[i * n + d]! * rows[j * n + d]!;
      for (let d = 0; d < n; d++) rows[i * n + d] = rows[i * n + d]! - dot * rows[j * n + d]!;
    }
  }
  const length = norm(rows, i * n, n);
  for (let d = 0; d < n; d++) rows[i * n + d] = rows[i * n + d]! / length;
}

function norm(values: Float64Array, at: number, n: number): number {
  let sum = 0;
  for (let d = 0; d < n; d++) sum += values[at + d]! ** 2;
  return Math.sqrt(sum);
}

export function identity(n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  return out;
}

export interface Principal {
  /** [D]. */
  readonly mean: Float64Array;
  /** Variances along the directions, largest first, [D]. */
  readonly variances: Float64Array;
  /** Orthonormal directions as rows, [D, D]; the first entry of largest size of each is positive. */
  readonly directions: Float64Array;
}

/** Principal directions of rows [n, D]. */
export function principal(rows: Float32Array, n: number, dim: number): Principal {
  const mean = new Float64Array(dim);
  for (let i = 0, r = 0; i < n; i++) {
    for (let d = 0; d < dim; d++, r++) mean[d] = mean[d]! + rows[r]!;
  }
  for (let d = 0; d < dim; d++) mean[d] = mean[d]! / n;
  const covariance = new Float64Array(dim * dim);
  const x = new Float64Array(dim);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < dim; d++) x[d] = rows[i * dim + d]! - mean[d]!;
    for (let a = 0; a < dim; a++) {
      const v = x[a]!;
      for (let b = a, o = a * dim + a; b < dim; b++, o++)
        covariance[o] = covariance[o]! + v * x[b]!;
    }
  }
  for (let a = 0; a < dim; a++) {
    for (let b = a; b < dim; b++) {
      covariance[a * dim + b] = covariance[b * dim + a] = covariance[a * dim + b]! / n;
    }
  }
  // A positive semidefinite matrix: its right singular vectors are its eigenvectors.
  const basis = identity(dim);
  orthogonalise(covariance, basis, dim);
  const values = Array.from({ length: dim }, (_, i) => norm(covariance, i * dim, dim));
  const order = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
  const directions = new Float64Array(dim * dim);
  const variances = new Float64Array(dim);
  order.forEach((from, to) => {
    variances[to] = values[from]!;
    let top = 0;
    for (let d = 1; d < dim; d++) {
      if (Math.abs(basis[from * dim + d]!) > Math.abs(basis[from * dim + top]!) + 1e-12) top = d;
    }
    const sign = basis[from * dim + top]! < 0 ? -1 : 1;
    for (let d = 0; d < dim; d++) directions[to * dim + d] = sign * basis[from * dim + d]!;
  });
  return { mean, variances, directions };
}
