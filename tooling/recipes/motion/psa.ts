/**
 * 0 A.D.'s compiled skeletal animations: "PSSA", version, size, name, milliseconds per frame, counts of
 * bones and frames, then per frame and bone a place and a quaternion in the model's space (x, y, z;
 * x, y, z, w; float32). Only places are read. The game's axes are left-handed and face -z: z changes
 * its sign.
 */
import { readFileSync } from "node:fs";

export interface Animation {
  readonly fps: number;
  readonly bones: number;
  readonly frames: number;
  /** [frames, bones, 3], in the game's units. */
  readonly places: Float32Array;
}

export function readPsa(bytes: Buffer): Animation {
  if (bytes.toString("latin1", 0, 4) !== "PSSA") throw new Error("no PSSA file");
  const at = 16 + bytes.readUInt32LE(12);
  const [milliseconds, bones, frames] = [
    bytes.readFloatLE(at),
    bytes.readUInt32LE(at + 4),
    bytes.readUInt32LE(at + 8),
  ];
  const places = new Float32Array(frames * bones * 3);
  for (let i = 0; i < frames * bones; i++) {
    for (let k = 0; k < 3; k++) {
      const value = bytes.readFloatLE(at + 12 + i * 28 + k * 4);
      places[i * 3 + k] = k === 2 ? -value : value;
    }
  }
  return { fps: Math.round(1000 / milliseconds), bones, frames, places };
}

/** Names of the bones in the order of the animations: the standard skeleton of one of the game's files. */
export function readSkeletonBones(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const standard = /<standard_skeleton[\s\S]*?<\/standard_skeleton>/.exec(text)?.[0] ?? "";
  return [...standard.matchAll(/<bone\s+name="([^"]+)"/g)].map((match) => match[1]!);
}
