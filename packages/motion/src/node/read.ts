import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { ArgumentError, LimitError } from "@dtok/core";
import { BvhParser, readBvh } from "../formats/bvh.js";
import { readDeepMimic } from "../formats/deepmimic.js";
import { readGltf } from "../formats/gltf.js";
import { readNpyMotion } from "../formats/positions.js";
import type { LengthUnit } from "../formats/units.js";
import type { MotionSignal } from "../signal.js";

export interface ReadMotionOptions {
  /** BVH: metres per unit. Default "auto". */
  readonly unit?: LengthUnit;
  /** .npy: frames per second (default 20); glTF: the rate at which it is sampled (default 30). */
  readonly fps?: number;
  /** glTF: name or number of the animation. Default: the first. */
  readonly animation?: string | number;
}

/** Larger files are read piece by piece (`readBvhPieces`). */
const MAX_BYTES = 512 * 1024 * 1024;

/** A motion from a file: .bvh, .glb, .gltf, .npy (HumanML3D's), .json or .txt (DeepMimic's). */
export async function readMotion(
  path: string,
  options: ReadMotionOptions = {},
): Promise<MotionSignal> {
  const name = basename(path);
  const { unit, fps, animation } = options;
  let size: number;
  try {
    size = (await stat(path)).size;
  } catch (error) {
    throw new ArgumentError(path, {
      expected: "a file that can be read",
      got: (error as Error).message,
      remedy: "Check the path.",
      cause: error,
    });
  }
  if (size > MAX_BYTES) {
    throw new LimitError(name, {
      expected: `at most ${MAX_BYTES} bytes`,
      got: `${size} bytes`,
      remedy: "Read long BVH files piece by piece by readBvhPieces.",
    });
  }
  const bytes = new Uint8Array(await readFile(path));
  const text = () => new TextDecoder().decode(bytes);
  switch (extname(path).toLowerCase()) {
    case ".bvh":
      return readBvh(text(), { name, ...(unit !== undefined && { unit }) });
    case ".glb":
    case ".gltf":
      return readGltf(bytes, {
        name,
        ...(fps !== undefined && { fps }),
        ...(animation !== undefined && { animation }),
      });
    case ".npy":
      return readNpyMotion(bytes, { name, ...(fps !== undefined && { fps }) });
    case ".json":
    case ".txt":
      return readDeepMimic(text(), { name });
    default:
      throw new ArgumentError(name, {
        expected: ".bvh, .glb, .gltf, .npy, .json or .txt",
        got: extname(path) || "no extension",
        remedy: "Export the motion as BVH or GLB.",
      });
  }
}

/** A BVH file's frames in pieces, in constant memory, for recordings of hours. */
export async function* readBvhPieces(
  path: string,
  options: { readonly unit?: LengthUnit } = {},
): AsyncGenerator<MotionSignal> {
  const parser = new BvhParser({ ...options, name: basename(path) });
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 18 })) {
    const piece = parser.push(chunk as string);
    if (piece) yield piece;
  }
  const last = parser.end();
  if (last) yield last;
}
