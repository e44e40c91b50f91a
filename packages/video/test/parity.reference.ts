/** What Node.js makes of the fixture: `parity.browser.test.ts` compares. "null" without an ffmpeg. */
import { collectVideo, loadVideoTokenizer, readVideo } from "@dtok/video/node";
import { hasFfmpeg } from "../src/node/ffmpeg.js";

if (!(await hasFfmpeg())) console.log("null");
else {
  const video = await collectVideo(
    await readVideo(new URL("./fixtures/clip.mp4", import.meta.url), { backend: "ffmpeg" }),
  );
  const tokenizer = await loadVideoTokenizer();
  const grid = await tokenizer.encode(video);
  console.log(
    JSON.stringify({
      codes: [...grid.codes.data],
      frames: video.frames.map(({ data }) => Buffer.from(data).toString("base64")),
    }),
  );
  await tokenizer.close();
}
