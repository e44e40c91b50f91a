/**
 * Node.js' side of parity.browser.test.ts: prints, as JSON, codes and reconstruction of a photograph.
 *
 *     tsx --conditions=@dtok/source parity.reference.ts <tokenizer> <file>
 */
import { readFile } from "node:fs/promises";
import { loadImageTokenizer, readImage } from "@dtok/image/node";
import type { ImageTokenizerName } from "@dtok/image/node";

const [name, file] = process.argv.slice(2) as [ImageTokenizerName, string];
const tokenizer = await loadImageTokenizer(name);
const image = await readImage(await readFile(file));
const grid = await tokenizer.encode(image);
const back = await tokenizer.decode(grid);
await tokenizer.close();
console.log(
  JSON.stringify({
    shape: grid.shape,
    codes: [...grid.codes.data],
    width: back.width,
    height: back.height,
    channels: back.channels,
    pixels: Buffer.from(back.data).toString("base64"),
    /** Sum of the decoded picture's colour values: whether both sides saw the same pixels. */
    sum: sumOfColours(image),
  }),
);

function sumOfColours({ data, channels }: { data: ArrayLike<number>; channels: number }): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) if (channels < 4 || i % 4 < 3) sum += data[i] as number;
  return sum;
}
