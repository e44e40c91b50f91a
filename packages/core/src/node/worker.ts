/**
 * What a worker of `createThreadedKernels` runs: CommonJS as text, since the path of a file beside
 * this one does not survive bundlers, and TypeScript sources have no file that Node.js could start.
 * The loop is that of `nearestInChunk` in kernels/wasm.ts; the arithmetic lies in the module.
 *
 * A TilePlan is run as `PlanRunner` of kernels/tile-plan.ts does.
 *
 * Tiles are taken from a shared counter. A tile whose squares may leave float32 gets the index -1:
 * the caller takes it by the definition. All places are byte offsets, as `searchLayout` and, where a
 * ByteProduct multiplies, `byteLayout` give them.
 */
export const WORKER_SOURCE = `
const { parentPort, workerData } = require("node:worker_threads");
const own = new WebAssembly.Instance(workerData.module).exports;
let at, multiply, chunks;
const copy = (from, first, rows, dim, pad, to) => {
  if (dim === pad) return void to.set(from.subarray(first * dim, (first + rows) * dim));
  to.fill(0, 0, rows * pad);
  for (let n = 0; n < rows; n++) to.set(from.subarray((first + n) * dim, (first + n + 1) * dim), n * pad);
};
const paste = (from, count, dim, pad, to, first) => {
  if (dim === pad) return void to.set(from.subarray(0, count * dim), first * dim);
  for (let n = 0; n < count; n++) to.set(from.subarray(n * pad, n * pad + dim), (first + n) * dim);
};
const takeOff = (x, count, vectors, first) => {
  own.takeOff(at.x, count, at.pad, at.indicesAt, at.c);
  paste(x, count, at.dim, at.pad, vectors, first);
};
const grow = (bytes) => {
  const missing = bytes - own.memory.buffer.byteLength;
  if (missing > 0) own.memory.grow(Math.ceil(missing / 65536));
};
let radius = 0;
let given;
const preparePruned = ({ pruned, mean, codebook }) => {
  at = pruned.place;
  grow(at.bytes);
  const { buffer } = own.memory;
  new Int32Array(buffer, at.params, at.ints.length).set(at.ints);
  for (const [place, bytes] of at.zeroed) new Uint8Array(buffer, place, bytes).fill(0);
  const floats = new Float32Array(buffer);
  floats.fill(0, at.mean >> 2, (at.mean >> 2) + at.pad);
  floats.set(mean, at.mean >> 2);
  copy(codebook, 0, at.size, at.dim, at.pad, floats.subarray(at.c >> 2));
  if (pruned.basis) {
    floats.set(pruned.basis, at.basis >> 2);
    own.packPanels(at.basis, at.width, at.dim, at.basisPanels);
  }
  radius = own.pruneCodebook(at.params);
};
const prepare = (job) => {
  given = job;
  if (job.pruned) return preparePruned(job);
  at = job.place;
  grow(at.bytes);
  const floats = new Float32Array(own.memory.buffer);
  floats.fill(0, at.mean >> 2, (at.mean >> 2) + at.pad);
  floats.set(job.mean, at.mean >> 2);
  copy(job.codebook, 0, at.size, at.dim, at.pad, floats.subarray(at.c >> 2));
  if (at.columns) {
    radius = own.packByteCodebook(at.c, at.size, at.dim, at.pad, at.mean, at.columns, at.chunk, at.b,
      at.scales, at.norms, at.state);
    const { buffer } = own.memory;
    const { b, scales, chunk, columns, dim } = at;
    chunks = [];
    for (let k = 0; k < columns; k += chunk) {
      chunks.push({
        first: k,
        b: new Int8Array(buffer, b + k * dim, dim * chunk),
        scales: new Float32Array(buffer, scales + 4 * k, chunk),
      });
    }
    return;
  }
  radius = own.packCodebook(at.c, at.size, at.pad, at.mean, at.panelsAt, at.norms, at.state);
};
const search = ({ vectors, rows, indices, distances, next, maxReach, minRadius, subtract }) => {
  const { buffer } = own.memory;
  const x = new Float32Array(buffer, at.x, at.tile * at.pad);
  const codes = new Int32Array(buffer, at.indicesAt, at.tile);
  const lengths = new Float32Array(buffer, at.distancesAt, at.tile);
  for (;;) {
    const first = Atomics.add(next, 0, at.tile);
    if (first >= rows) return;
    const count = Math.min(at.tile, rows - first);
    copy(vectors, first, count, at.dim, at.pad, x);
    const longest = own.packVectors(at.x, count, at.pad, at.mean, at.packed, at.lengths, at.state,
      at.norms, at.whole, at.size);
    if (!(radius + longest < maxReach) || !(radius === 0 || radius > minRadius)) {
      indices.fill(-1, first, first + count);
      continue;
    }
    own.groupMaxima(at.packed, (count + 3) >> 2, at.pad, at.panelsAt, at.whole, at.panels,
      at.blockPanels, at.maxima, at.top, at.state);
    own.finishBlocks(at.x, count, at.dim, at.pad, at.lengths, at.packed, at.panelsAt, at.whole,
      at.panels, at.blockPanels, at.maxima, at.top, at.c, at.size, at.state, at.bests,
      at.indicesAt, at.distancesAt);
    if (subtract) takeOff(x, count, vectors, first);
    indices.set(codes.subarray(0, count), first);
    distances.set(lengths.subarray(0, count), first);
  }
};
// False where comparing with all codewords would have been sooner: the rest is for that.
const searchPruned = ({ vectors, rows, indices, distances, next, minRadius, subtract }) => {
  const { buffer } = own.memory;
  const x = new Float32Array(buffer, at.x, at.tile * at.pad);
  const codes = new Int32Array(buffer, at.indicesAt, at.tile);
  const lengths = new Float32Array(buffer, at.distancesAt, at.tile);
  let seen = 0, cost = 0;
  for (;;) {
    if (seen >= 256 && cost > given.pruned.limit * seen) return false;
    const first = Atomics.add(next, 0, at.tile);
    if (first >= rows) return true;
    const count = Math.min(at.tile, rows - first);
    copy(vectors, first, count, at.dim, at.pad, x);
    const spent = radius === 0 || radius > minRadius ? own.prunedTile(at.params, count) : -1;
    if (spent < 0) {
      indices.fill(-1, first, first + count);
      continue;
    }
    seen += count;
    cost += spent;
    if (subtract) takeOff(x, count, vectors, first);
    indices.set(codes.subarray(0, count), first);
    distances.set(lengths.subarray(0, count), first);
  }
};
const searchBytes = async ({ vectors, rows, indices, distances, next, maxReach, minRadius, subtract }) => {
  const { buffer } = own.memory;
  const { dim, pad, chunk } = at;
  const x = new Float32Array(buffer, at.x, at.tile * pad);
  const codes = new Int32Array(buffer, at.indicesAt, at.tile);
  const bests = new Float64Array(buffer, at.bests, at.tile);
  let a, y;
  for (;;) {
    const first = Atomics.add(next, 0, at.tile);
    if (first >= rows) return;
    const count = Math.min(at.tile, rows - first);
    copy(vectors, first, count, dim, pad, x);
    const longest = own.packBytes(at.x, count, dim, pad, at.mean, at.a, at.lengths, at.steps, at.state);
    if (!(radius + longest < maxReach) || !(radius === 0 || radius > minRadius)) {
      indices.fill(-1, first, first + count);
      continue;
    }
    codes.fill(0x7fffffff);
    bests.fill(Infinity);
    if (a?.length !== count * dim) {
      a = new Uint8Array(buffer, at.a, count * dim);
      y = new Float32Array(buffer, at.y, count * chunk);
    }
    for (const { first: k, b, scales } of chunks) {
      await multiply({ a, b, scales, y, rows: count, dim, columns: chunk });
      own.finishBytes(at.x, count, dim, pad, at.lengths, at.steps, at.y, k, chunk, at.norms, at.c,
        radius, at.scratch, at.bests, at.indicesAt);
    }
    if (subtract) takeOff(x, count, vectors, first);
    indices.set(codes.subarray(0, count), first);
    distances.set(bests.subarray(0, count), first);
  }
};
let plan;
const preparePlan = (next) => {
  plan = next;
  grow(plan.bytes);
  const { buffer } = own.memory;
  for (const [to, values] of plan.data) {
    new Uint8Array(buffer, to, values.byteLength)
      .set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  for (const [name, ...rest] of plan.prepare) own[name](...rest);
};
const runPlan = ({ vectors, rows, out, next }) => {
  const { buffer } = own.memory;
  const { tile, dim, width, x, codes, run } = plan;
  const from = new Float32Array(buffer, x, tile * dim);
  const found = new Int32Array(buffer, codes, tile * width);
  for (;;) {
    const first = Atomics.add(next, 0, 1) * tile;
    if (first >= rows) return;
    const count = Math.min(tile, rows - first);
    from.set(vectors.subarray(first * dim, (first + count) * dim));
    for (const [name, place] of run) own[name](place, count);
    out.set(count === tile ? found : found.subarray(0, count * width), first * width);
  }
};
parentPort.on("message", async (job) => {
  try {
    if (job.plan) preparePlan(job.plan);
    if (job.tiles) {
      runPlan(job.tiles);
      return parentPort.postMessage(null);
    }
    if (job.prepare) prepare(job.prepare);
    let isDone = false;
    if (at.kind === "pruned") {
      isDone = searchPruned(job.search);
      if (!isDone) prepare({ ...given, pruned: undefined });
    }
    if (!isDone && at.columns) {
      if (!multiply) {
        const { source, data } = workerData.product;
        multiply = await new Function("require", "data", source)(require, data);
      }
      await searchBytes(job.search);
    } else if (!isDone) search(job.search);
    parentPort.postMessage(null);
  } catch (error) {
    parentPort.postMessage(String(error));
  }
});
`;
