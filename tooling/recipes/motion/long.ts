/**
 * A recording of an hour through the streams: BVH file to tokens to frames. Prints the largest resident
 * memory after a tenth of the way and at the end, and the speed:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/motion/long.ts [minutes] [tokenizer]
 */
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { bodies, loadMotionTokenizer, readBvhPieces, writeBvh } from "@dtok/motion";
import type { MotionTokenizerName } from "@dtok/motion";
import { createRuntime } from "@dtok/runtime";

const minutes = Number(process.argv[2] ?? 60);
const name = (process.argv[3] ?? "human-rvq") as MotionTokenizerName;
const FPS = 30;
const folder = mkdtempSync(join(tmpdir(), "dtok-long-"));
const path = join(folder, "long.bvh");

/** Twenty seconds of swinging limbs, again and again: the file is never in memory as a whole. */
async function write(): Promise<number> {
  const { skeleton } = bodies.human;
  const joints = skeleton.joints.length;
  const frames = 20 * FPS;
  const translation = new Float32Array(frames * 3);
  const rotations = new Float32Array(frames * joints * 4);
  for (let t = 0; t < frames; t++) {
    translation.set([0, skeleton.joints[0]!.offset[1], 0], t * 3);
    for (let j = 0; j < joints; j++) {
      const half = 0.15 * Math.sin((2 * Math.PI * (t + 7 * j)) / 60);
      rotations.set([Math.sin(half), 0, 0, Math.cos(half)], (t * joints + j) * 4);
    }
  }
  const text = writeBvh({ skeleton, fps: FPS, translation, rotations });
  const at = text.indexOf("Frames:");
  const body = text.slice(text.indexOf("\n", text.indexOf("Frame Time:")) + 1);
  const copies = Math.round((minutes * 60) / 20);
  const file = createWriteStream(path);
  file.write(
    text.slice(0, text.length - body.length).replace(/Frames:\s*\d+/, `Frames: ${frames * copies}`),
  );
  if (at < 0) throw new Error("no Frames: line");
  for (let i = 0; i < copies; i++) if (!file.write(body)) await once(file, "drain");
  file.end();
  await once(file, "finish");
  return frames * copies;
}

try {
  const frames = await write();
  const runtime = await createRuntime();
  const tokenizer = await loadMotionTokenizer(name, { runtime });
  const encode = tokenizer.encodeStream({ embodiment: "human" });
  let decode: ReturnType<typeof tokenizer.decodeStream> | undefined;
  let [seen, codes, back, early, most] = [0, 0, 0, 0, 0];
  const begun = performance.now();
  const take = async (grids: Awaited<ReturnType<typeof encode.push>>) => {
    for (const grid of grids) {
      codes += grid.codes.data.length;
      // Early pieces do not know how long the whole will be; the stream decoder goes by `frames`.
      decode ??= tokenizer.decodeStream({ ...grid.side, frames });
      for (const piece of await decode.push(grid)) back += piece.translation.length / 3;
    }
  };
  for await (const piece of readBvhPieces(path)) {
    seen += piece.translation.length / 3;
    await take(await encode.push(piece));
    most = Math.max(most, process.memoryUsage().rss);
    if (seen <= frames / 10) early = most;
  }
  await take(await encode.flush());
  for (const piece of (await decode?.flush()) ?? []) back += piece.translation.length / 3;
  const seconds = (performance.now() - begun) / 1000;
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  console.log(
    `${name}: ${minutes} minutes, ${seen} frames read, ${codes} codes, ${back} frames back; ` +
      `largest resident memory ${mib(early)} MiB after a tenth, ${mib(most)} MiB at the end; ` +
      `${((minutes * 60) / seconds).toFixed(0)} times real time, reading included`,
  );
  await tokenizer.close();
  await runtime.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
