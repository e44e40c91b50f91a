// Quantizers fitted on your own vectors: what each loses on vectors that it never saw.
import { createRandom, fitQuantizer } from "@dtok/core";

const dim = 8;
const random = createRandom(7);
const vectors = (rows: number) => ({
  data: random.fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim] as const,
});
const train = vectors(4000);
const test = vectors(1000);

for (const spec of ["vq:64", "pq:2x64", "aq:2x64", "pq:4x64"]) {
  const quantizer = await fitQuantizer(spec, train, { seed: 1, iterations: 8 });
  const back = quantizer.dequantize(quantizer.quantize(test));
  let error = 0;
  for (const [i, x] of test.data.entries()) error += (x - back.data[i]!) ** 2;
  const bits = quantizer.codebookSizes.reduce((sum, size) => sum + Math.log2(size), 0);
  // The data have variance 1, so this is the share of it that is lost on vectors never seen.
  console.log(spec, "bits", bits, "error", (error / test.data.length).toFixed(3));
}
