import type { View } from "../view.js";

export const view: View = {
  id: "video",
  title: "Clip",
  takes: "MP4, WebM, MOV, MKV",
  accept: "video/*,.mp4,.webm,.mov,.mkv",
  icon: "M3 6h13v12H3z M16 10l5-3v10l-5-3",
  samples: [
    { name: "bunny", file: "bigbuckbunny.mp4" },
    { name: "bikes", file: "bikes.mp4" },
    { name: "carphone", file: "carphone.mp4" },
  ],
  layout: "panes",
  place({ shape }, position) {
    const [, rows, columns] = shape as [number, number, number];
    const within = position % (rows * columns);
    const step = Math.floor(position / (rows * columns));
    return `Step ${step + 1}, row ${Math.floor(within / columns) + 1}, column ${(within % columns) + 1}`;
  },
  code: (tokenizer) => `import { loadVideoTokenizer, writeVideo } from "@dtok/video";

const tokenizer = await loadVideoTokenizer("${tokenizer.split("/")[1]}");
const grid = await tokenizer.encode("clip.mp4");
await writeVideo(await tokenizer.decode(grid), "back.mp4");
await tokenizer.close();`,
};
