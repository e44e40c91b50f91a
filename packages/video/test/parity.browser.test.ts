import { collectVideo, loadVideoTokenizer, readVideo } from "@dtok/video/web";
import { commands } from "vitest/browser";
import { expect, test } from "vitest";

declare module "vitest/browser" {
  interface BrowserCommands {
    /** Runs a TypeScript file in Node.js (paths from the repository's root); its output. */
    runInNode(script: string, ...args: string[]): Promise<string>;
  }
}

interface Reference {
  readonly codes: readonly number[];
  readonly frames: readonly string[];
}

test("a browser's frames and tokens are Node.js' frames and tokens", async () => {
  const file = await fetch(new URL("./fixtures/clip.mp4", import.meta.url));
  const video = await collectVideo(await readVideo(await file.blob()));
  expect([video.width, video.height, video.fps]).toEqual([66, 50, 10]);
  expect(video.frames).toHaveLength(10);
  const tokenizer = await loadVideoTokenizer();
  const grid = await tokenizer.encode(video);
  expect(grid.shape).toEqual([4, 4, 5]);
  const back = await collectVideo(await tokenizer.decode(grid));
  expect(back.frames).toHaveLength(10);
  await tokenizer.close();
  // Each of its files is one that a page finds.
  const fine = await loadVideoTokenizer("clip-8x-fine");
  expect((await fine.encode(video)).shape.slice(0, 2)).toEqual([4, 4]);
  await fine.close();

  const answer = await commands.runInNode("packages/video/test/parity.reference.ts");
  const reference = JSON.parse(answer) as Reference | null;
  // Without an ffmpeg Node.js has nothing to compare with.
  if (!reference) return;
  for (const [i, frame] of reference.frames.entries()) {
    const bytes = Uint8Array.from(atob(frame), (c) => c.charCodeAt(0));
    expect(video.frames[i]!.data).toEqual(bytes);
  }
  const differing = reference.codes.filter((code, i) => code !== grid.codes.data[i]).length;
  expect(differing / reference.codes.length).toBeLessThan(0.02);
});
