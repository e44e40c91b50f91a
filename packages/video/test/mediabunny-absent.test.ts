import { fileURLToPath } from "node:url";
import { MissingError } from "@dtok/core";
import { readVideo } from "@dtok/video";
import { expect, it, vi } from "vitest";

vi.mock("@mediabunny/server", () => {
  throw new Error("Cannot find package '@mediabunny/server'");
});

it("says what to install where neither decoder is", async () => {
  const file = fileURLToPath(new URL("fixtures/clip.mp4", import.meta.url));
  const error = await readVideo(file, { backend: "webcodecs" }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(MissingError);
  expect(String(error)).toMatch(/@mediabunny\/server/);
});
