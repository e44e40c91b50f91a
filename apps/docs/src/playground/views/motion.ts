import type { View } from "../view.js";

export const view: View = {
  id: "motion",
  title: "Motion",
  takes: "BVH, GLB, glTF",
  accept: ".bvh,.glb,.gltf,model/gltf-binary",
  icon: "M12 3.2a1.8 1.8 0 1 0 .01 0 M12 7v7 M12 9l-5 3 M12 9l5-2 M12 14l-4 6 M12 14l3 2 1 5",
  samples: [{ name: "boxing", file: "boxing.bvh" }],
  layout: "timeline",
  place: ({ stride }, position) => `${(position * stride[0]!).toFixed(1)} s`,
  code: (
    tokenizer,
    level,
    levels,
  ) => `import { loadMotionTokenizer, readMotion, writeGlb } from "@dtok/motion";
import { writeFile } from "node:fs/promises";

const tokenizer = await loadMotionTokenizer("${tokenizer.split("/")[1]}");
const grid = await tokenizer.encode(await readMotion("walk.bvh"));
await writeFile("back.glb", await writeGlb(await tokenizer.decode(grid${level !== null && level < levels ? `, { levels: ${level} }` : ""})));
await tokenizer.close();`,
};
