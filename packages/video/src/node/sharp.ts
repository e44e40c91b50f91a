import { MissingError } from "@dtok/core";

/** The optional package that decodes and writes still pictures. */
export async function loadSharp(): Promise<(typeof import("sharp"))["default"]> {
  try {
    return (await import("sharp")).default;
  } catch (error) {
    throw new MissingError("sharp", {
      expected: "the package sharp, which reads and writes still pictures",
      got: (error as Error).message,
      remedy: "Run `npm install sharp`.",
      cause: error,
    });
  }
}
