import type { View } from "../view.js";

export const view: View = {
  id: "image",
  title: "Picture",
  takes: "JPEG, PNG, WebP, AVIF",
  accept: "image/*,.jpg,.jpeg,.png,.webp,.avif,.gif",
  icon: "M4 5h16v14H4z M4 16l5-5 4 4 3-3 4 4 M15.5 9.2a.9.9 0 1 0 .01 0",
  samples: ["cat", "coffee", "flower", "astronaut", "pavilion", "rocket"].map((name) => ({
    name,
    file: `${name}.jpg`,
  })),
  layout: "panes",
  place({ shape }, position) {
    const columns = shape[1]!;
    return `Row ${Math.floor(position / columns) + 1}, column ${(position % columns) + 1}`;
  },
  code: (tokenizer) => `import { loadImageTokenizer, writeImage } from "@dtok/image";

const tokenizer = await loadImageTokenizer("${tokenizer.split("/")[1]}");
const grid = await tokenizer.encode("photo.jpg");
await writeImage(await tokenizer.decode(grid), "back.png");
await tokenizer.close();`,
};
