/**
 * Skeletal animation in glTF 2.0 (.glb, or .gltf whose data lie within), by @gltf-transform/core. Metres,
 * y up, as everywhere here. A file's first skin (or the animated nodes) gives the joints; an animation's
 * channels are sampled at a constant rate, by the interpolation that each says.
 */
import { ArgumentError, FormatError, LimitError, ValueError } from "@dtok/core";
import { Document, WebIO } from "@gltf-transform/core";
import type { AnimationChannel, Node } from "@gltf-transform/core";
import { add, multiply, normalise, quatAt, rotate, slerp } from "../math/quaternion.js";
import type { Quat, Vec3 } from "../math/quaternion.js";
import { MAX_JOINTS, checkMotion, frameCount } from "../signal.js";
import type { Joint, MotionSignal } from "../signal.js";
import { MAX_FRAMES } from "../skeleton/resample.js";

export interface GltfReadOptions {
  /** Name or number of the animation. Default: the first. */
  readonly animation?: string | number;
  /** Frames per second at which it is sampled. Default 30. */
  readonly fps?: number;
  readonly name?: string;
}

/** The skeletal animation of a .glb (bytes) or a .gltf with embedded data (bytes of its JSON). */
export async function readGltf(
  bytes: Uint8Array,
  options: GltfReadOptions = {},
): Promise<MotionSignal> {
  const { fps = 30, name = "glTF" } = options;
  if (!(fps > 0 && fps <= 10_000)) {
    throw new ValueError("fps", {
      expected: "frames per second in (0, 10000]",
      got: String(fps),
      remedy: "Choose the rate to sample at, for example 30.",
    });
  }
  const document = await parse(bytes, name);
  const animations = document.getRoot().listAnimations();
  const wanted = options.animation ?? 0;
  const animation =
    typeof wanted === "number"
      ? animations[wanted]
      : animations.find((one) => one.getName() === wanted);
  if (!animation) {
    throw new ArgumentError(`animation of ${name}`, {
      expected: `one of ${animations.map((one, i) => one.getName() || i).join(", ") || "none: the file has no animation"}`,
      got: String(wanted),
      remedy: "Choose one by its name or number.",
    });
  }
  const channels = new Map<Node, Record<string, AnimationChannel>>();
  let end = 0;
  for (const channel of animation.listChannels()) {
    const node = channel.getTargetNode();
    const path = channel.getTargetPath();
    const times = channel.getSampler()?.getInput()?.getArray();
    if (!node || !path || !times || times.length === 0) continue;
    channels.set(node, { ...channels.get(node), [path]: channel });
    end = Math.max(end, times.at(-1)!);
  }
  if (channels.size === 0 || !Number.isFinite(end) || end < 0) {
    throw new FormatError(name, {
      expected: "an animation with channels and finite times",
      got: `${channels.size} channels, an end at ${end} s`,
      remedy: "Export the skeleton's animation.",
    });
  }
  const frames = Math.floor(end * fps + 1e-4) + 1;
  const nodes = skeletonNodes(document, channels);
  if (nodes.length > MAX_JOINTS || frames > MAX_FRAMES) {
    throw new LimitError(name, {
      expected: `at most ${MAX_JOINTS} joints and ${MAX_FRAMES} frames`,
      got: `${nodes.length} joints, ${frames} frames`,
      remedy: "Export the body's joints alone, or a lower rate.",
    });
  }
  return sample(nodes, channels, frames, fps, name);
}

async function parse(bytes: Uint8Array, name: string): Promise<Document> {
  const io = new WebIO();
  try {
    if (bytes[0] === 0x67 && bytes[1] === 0x6c && bytes[2] === 0x54 && bytes[3] === 0x46)
      return await io.readBinary(bytes);
    const json = JSON.parse(new TextDecoder().decode(bytes)) as {
      buffers?: { uri?: string }[];
    };
    const outside = json.buffers?.find(({ uri }) => !uri?.startsWith("data:"));
    if (outside) throw new Error(`its data lie in another file (${outside.uri ?? "none"})`);
    return await io.readJSON({ json: json as never, resources: {} });
  } catch (error) {
    throw new FormatError(name, {
      expected: "a .glb, or a .gltf with embedded data",
      got: (error as Error).message,
      remedy: "Export as .glb, which holds everything.",
      cause: error,
    });
  }
}

/** Joints from the root outwards: the first skin's, or all nodes that move, with what lies between. */
function skeletonNodes(document: Document, channels: ReadonlyMap<Node, unknown>): Node[] {
  const skin = document
    .getRoot()
    .listSkins()
    .find((one) => one.listJoints().some((joint) => channels.has(joint)));
  const wanted = new Set(skin ? skin.listJoints() : channels.keys());
  const chain = (node: Node): Node[] => {
    const parent = node.getParentNode();
    return parent ? [...chain(parent), node] : [node];
  };
  const chains = [...wanted].map(chain);
  const first = chains[0]!;
  // The last node that all have above them (or are): the root.
  let depth = 0;
  while (depth + 1 < first.length && chains.every((one) => one[depth + 1] === first[depth + 1]))
    depth++;
  const root = first[depth]!;
  const needed = new Set(chains.flatMap((one) => one.slice(depth)));
  const out: Node[] = [];
  const visit = (node: Node) => {
    if (!needed.has(node)) return;
    out.push(node);
    for (const child of node.listChildren()) visit(child);
  };
  visit(root);
  return out;
}

type Sampled = (time: number) => number[];

function sampler(
  channel: AnimationChannel | undefined,
  rest: readonly number[],
  name: string,
): Sampled {
  const from = channel?.getSampler();
  const times = from?.getInput()?.getArray();
  const output = from?.getOutput();
  if (!from || !times || !output) return () => [...rest];
  const kind = from.getInterpolation();
  const width = rest.length;
  const count = times.length;
  if (output.getCount() !== count * (kind === "CUBICSPLINE" ? 3 : 1)) {
    throw new FormatError(name, {
      expected: "as many values as times in every channel",
      got: `${output.getCount()} values at ${count} times`,
      remedy: "The file is broken: export it again.",
    });
  }
  const value = (i: number, part = 0) =>
    output.getElement(kind === "CUBICSPLINE" ? i * 3 + part : i, []) as number[];
  const middle = kind === "CUBICSPLINE" ? 1 : 0;
  return (time) => {
    if (time <= times[0]!) return value(0, middle);
    if (time >= times[count - 1]!) return value(count - 1, middle);
    let [low, high] = [0, count - 1];
    while (high - low > 1) {
      const half = (low + high) >> 1;
      if (times[half]! <= time) low = half;
      else high = half;
    }
    const span = times[high]! - times[low]!;
    const t = span > 0 ? (time - times[low]!) / span : 0;
    const [a, b] = [value(low, middle), value(high, middle)];
    if (kind === "STEP") return a;
    if (kind === "CUBICSPLINE") {
      const [out, into] = [value(low, 2), value(high, 0)];
      const [t2, t3] = [t * t, t * t * t];
      return a.map(
        (_, i) =>
          (2 * t3 - 3 * t2 + 1) * a[i]! +
          (t3 - 2 * t2 + t) * span * out[i]! +
          (3 * t2 - 2 * t3) * b[i]! +
          (t3 - t2) * span * into[i]!,
      );
    }
    if (width === 4) return [...slerp(a as unknown as Quat, b as unknown as Quat, t)];
    return a.map((_, i) => (1 - t) * a[i]! + t * b[i]!);
  };
}

function sample(
  nodes: readonly Node[],
  channels: ReadonlyMap<Node, Record<string, AnimationChannel>>,
  frames: number,
  fps: number,
  name: string,
): MotionSignal {
  const index = new Map(nodes.map((node, j) => [node, j]));
  // What stands above the root moves and turns it, and scales everything.
  const above = nodes[0]!.getParentNode()?.getWorldMatrix();
  const factor = above ? Math.hypot(above[0]!, above[1]!, above[2]!) : 1;
  const worldTurn: Quat = nodes[0]!.getParentNode()
    ? (nodes[0]!.getParentNode()!.getWorldRotation() as unknown as Quat)
    : [0, 0, 0, 1];
  const worldPlace: Vec3 = above ? [above[12]!, above[13]!, above[14]!] : [0, 0, 0];
  const joints = nodes.map((node, j): Joint => {
    const parent = j === 0 ? -1 : index.get(node.getParentNode()!)!;
    const [x, y, z] = node.getTranslation();
    return {
      name: node.getName() || `joint${j}`,
      parent,
      offset: j === 0 ? [0, 0, 0] : [x * factor, y * factor, z * factor],
    };
  });
  const places = nodes.map((node) =>
    sampler(channels.get(node)?.translation, node.getTranslation(), name),
  );
  const turns = nodes.map((node) =>
    sampler(channels.get(node)?.rotation, node.getRotation(), name),
  );
  const moves = nodes.some((node, j) => j > 0 && channels.get(node)?.translation !== undefined);
  const count = nodes.length;
  const translation = new Float32Array(frames * 3);
  const rotations = new Float32Array(frames * count * 4);
  const translations = moves ? new Float32Array(frames * count * 3) : undefined;
  for (let t = 0; t < frames; t++) {
    for (let j = 0; j < count; j++) {
      let place = places[j]!(t / fps).map((value) => value * factor) as unknown as Vec3;
      let turn = normalise(turns[j]!(t / fps) as unknown as Quat);
      if (j === 0) {
        place = add(worldPlace, rotate(worldTurn, place));
        turn = multiply(worldTurn, turn);
        translation.set(place, t * 3);
      }
      rotations.set(turn, (t * count + j) * 4);
      translations?.set(place, (t * count + j) * 3);
    }
  }
  return checkMotion({
    skeleton: { joints },
    fps,
    translation,
    rotations,
    ...(translations && { translations }),
  });
}

/**
 * A .glb with the skeleton, its animation and a thin body of bones (an octahedron each), so that any
 * viewer shows it.
 */
export async function writeGlb(motion: MotionSignal, name = "motion"): Promise<Uint8Array> {
  checkMotion(motion);
  const { joints } = motion.skeleton;
  const frames = frameCount(motion);
  const document = new Document();
  document.getRoot().getAsset().generator = "@dtok/motion";
  const buffer = document.createBuffer();
  const scene = document.createScene();
  const nodes = joints.map(({ name: joint, offset }) =>
    document.createNode(joint).setTranslation([...offset] as [number, number, number]),
  );
  for (const [j, { parent }] of joints.entries()) {
    if (parent < 0) scene.addChild(nodes[j]!);
    else nodes[parent]!.addChild(nodes[j]!);
  }
  const accessor = (type: "SCALAR" | "VEC3" | "VEC4" | "MAT4", array: Float32Array<ArrayBuffer>) =>
    document.createAccessor().setType(type).setArray(array).setBuffer(buffer);
  const times = accessor(
    "SCALAR",
    Float32Array.from({ length: frames }, (_, t) => t / motion.fps),
  );
  const animation = document.createAnimation(name);
  const channel = (
    node: Node,
    path: "translation" | "rotation",
    values: ReturnType<typeof accessor>,
  ) => {
    const one = document
      .createAnimationSampler()
      .setInput(times)
      .setOutput(values)
      .setInterpolation("LINEAR");
    animation
      .addSampler(one)
      .addChannel(
        document.createAnimationChannel().setTargetNode(node).setTargetPath(path).setSampler(one),
      );
  };
  channel(nodes[0]!, "translation", accessor("VEC3", Float32Array.from(motion.translation)));
  for (const [j, joint] of joints.entries()) {
    if (joint.end) continue;
    const turns = new Float32Array(frames * 4);
    for (let t = 0; t < frames; t++)
      turns.set(quatAt(motion.rotations, (t * joints.length + j) * 4), t * 4);
    channel(nodes[j]!, "rotation", accessor("VEC4", turns));
    if (motion.translations && j > 0) {
      const places = new Float32Array(frames * 3);
      for (let t = 0; t < frames; t++) {
        const at = (t * joints.length + j) * 3;
        places.set(motion.translations.subarray(at, at + 3), t * 3);
      }
      channel(nodes[j]!, "translation", accessor("VEC3", places));
    }
  }
  const { positions, indices } = octahedron();
  const mesh = (length: number, offset: Vec3) => {
    const thick = Math.min(0.05, 0.2 * length);
    // From the parent's place to the joint's, along the offset.
    const side = unitAcross(offset, thick);
    const array = new Float32Array(positions.length * 3);
    for (const [i, [along, a, b]] of positions.entries()) {
      for (let k = 0; k < 3; k++)
        array[i * 3 + k] = along * offset[k]! + a * side[0][k]! + b * side[1][k]!;
    }
    const primitive = document
      .createPrimitive()
      .setAttribute("POSITION", accessor("VEC3", array))
      .setIndices(
        document
          .createAccessor()
          .setType("SCALAR")
          .setArray(Uint16Array.from(indices))
          .setBuffer(buffer),
      );
    return document.createMesh().addPrimitive(primitive);
  };
  for (const { parent, offset } of joints) {
    const length = Math.hypot(...offset);
    if (parent < 0 || length < 1e-6) continue;
    nodes[parent]!.addChild(document.createNode("bone").setMesh(mesh(length, offset)));
  }
  return new WebIO().writeBinary(document);
}

/** Corners as (share of the way, across, across), and triangles. */
function octahedron() {
  const positions: readonly Vec3[] = [
    [0, 0, 0],
    [0.2, 1, 0],
    [0.2, 0, 1],
    [0.2, -1, 0],
    [0.2, 0, -1],
    [1, 0, 0],
  ];
  const indices = [0, 2, 1, 0, 3, 2, 0, 4, 3, 0, 1, 4, 5, 1, 2, 5, 2, 3, 5, 3, 4, 5, 4, 1];
  return { positions, indices };
}

function unitAcross(axis: Vec3, length: number): readonly [Vec3, Vec3] {
  const n = Math.hypot(...axis);
  const [x, y, z] = [axis[0] / n, axis[1] / n, axis[2] / n];
  const other: Vec3 = Math.abs(y) < 0.9 ? [0, 1, 0] : [1, 0, 0];
  const a: Vec3 = [
    y * other[2] - z * other[1],
    z * other[0] - x * other[2],
    x * other[1] - y * other[0],
  ];
  const m = Math.hypot(...a) / length;
  const u: Vec3 = [a[0] / m, a[1] / m, a[2] / m];
  return [u, [y * u[2] - z * u[1], z * u[0] - x * u[2], x * u[1] - y * u[0]]];
}
