// What a user writes: nothing here knows which bundler runs.
import { loadImageTokenizer, psnr, readImage } from "@dtok/image";

async function main() {
  const canvas = new OffscreenCanvas(200, 120);
  const context = canvas.getContext("2d");
  const gradient = context.createLinearGradient(0, 0, 200, 120);
  gradient.addColorStop(0, "#204060");
  gradient.addColorStop(1, "#e0b080");
  context.fillStyle = gradient;
  context.fillRect(0, 0, 200, 120);

  const tokenizer = await loadImageTokenizer("photo-8x");
  const grid = await tokenizer.encode(canvas);
  const back = await tokenizer.decode(grid);
  const original = await readImage(canvas);
  await tokenizer.close();
  return {
    shape: grid.shape,
    size: [back.width, back.height],
    psnr: psnr(original, back),
    isolated: globalThis.crossOriginIsolated,
  };
}

main().then(
  (value) => (globalThis.outcome = { value }),
  (error) => (globalThis.outcome = { error: String(error?.stack ?? error) }),
);
