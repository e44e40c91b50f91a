// A photograph as tokens, and back. Expect: [ 38, 57 ] positions or so, about 0.2 bits per pixel.
import { bitsPerPixel, loadImageTokenizer, psnr, readImage, writeImage } from "@dtok/image";

const [photo = new URL("../samples/cat.jpg", import.meta.url), out] = process.argv.slice(2);
const tokenizer = await loadImageTokenizer("photo-8x");
const picture = await readImage(photo);
const grid = await tokenizer.encode(picture);
const back = await tokenizer.decode(grid);
console.log("positions", grid.shape, "codebooks", grid.codebookSizes);
console.log("bits per pixel", bitsPerPixel(grid).toFixed(3));
console.log("PSNR", psnr(picture, back).toFixed(1), "dB");
if (out !== undefined) await writeImage(back, out);
await tokenizer.close();
