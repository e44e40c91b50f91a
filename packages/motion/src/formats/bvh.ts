/**
 * Biovision hierarchy files: a tree of joints with offsets and channels, then one line of numbers per
 * frame. Rotations are degrees about the joint's own axes, applied in the order in which the channels
 * stand (Zrotation Xrotation Yrotation is Rz Rx Ry); any order and number of them is read, positions on
 * any joint. Errors name the line.
 */
import { ArgumentError, FormatError, LimitError, ValueError } from "@dtok/core";
import { axisAngle, multiply, quatAt, rotate } from "../math/quaternion.js";
import type { Quat, Vec3 } from "../math/quaternion.js";
import { MAX_JOINTS, checkMotion, frameCount } from "../signal.js";
import type { Joint, MotionSignal, Skeleton } from "../signal.js";
import { MAX_FRAMES } from "../skeleton/resample.js";
import { metresPerUnit } from "./units.js";
import type { LengthUnit } from "./units.js";

export interface BvhReadOptions {
  /** Metres per unit of the file. Default "auto". */
  readonly unit?: LengthUnit;
  /** Shown in errors. Default "BVH". */
  readonly name?: string;
}

interface Channels {
  /** 0..2 positions, 3..5 rotations about x, y, z. */
  readonly kinds: readonly number[];
}

const KINDS = ["xposition", "yposition", "zposition", "xrotation", "yrotation", "zrotation"];
const AXES: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
/** Longer lines than 1,024 joints with nine channels of 30 characters. */
const MAX_LINE = 1 << 19;
/** Frames per piece of a motion that `BvhParser` hands out. */
const PIECE = 1024;

/**
 * Reads a BVH file piece by piece, in constant memory: `push` text as it comes, take the motion's frames
 * as they are whole, and `end` it.
 */
export class BvhParser {
  private readonly joints: Joint[] = [];
  private readonly channels: Channels[] = [];
  private readonly open: number[] = [];
  private state: "hierarchy" | "joint" | "motion" | "frames" = "hierarchy";
  private expectBrace: { readonly name: string; readonly end: boolean } | undefined;
  private rest = "";
  private line = 0;
  private width = 0;
  private factor = 1;
  private frameTime = 0;
  private skeletonMade: Skeleton | undefined;
  private row: Float64Array = new Float64Array(0);
  private read = 0;
  private readonly offsetsSeen = new Set<number>();
  private readonly what: string;
  private pieces: { translation: number[]; rotations: number[]; translations: number[] } = {
    translation: [],
    rotations: [],
    translations: [],
  };
  private movesBones = false;
  /** Frames that the file promises; known after the header. */
  frames = 0;

  constructor(private readonly options: BvhReadOptions = {}) {
    this.what = options.name ?? "BVH";
  }

  /** Metres; known after the header. */
  get skeleton(): Skeleton | undefined {
    return this.skeletonMade;
  }

  get fps(): number {
    return 1 / this.frameTime;
  }

  /** Takes text, cut anywhere, and gives the frames that are whole, if any. */
  push(text: string): MotionSignal | undefined {
    let from = 0;
    for (;;) {
      const end = text.indexOf("\n", from);
      if (end < 0) break;
      this.take(this.rest + text.slice(from, end));
      this.rest = "";
      from = end + 1;
    }
    this.rest += text.slice(from);
    if (this.rest.length > MAX_LINE) {
      throw new LimitError(`${this.what}, line ${this.line + 1}`, {
        expected: `lines of at most ${MAX_LINE} characters`,
        got: "a longer one",
        remedy: "Check that this is a BVH file.",
      });
    }
    return this.flushPiece();
  }

  /** The last frames, after checking that the file is complete. */
  end(): MotionSignal | undefined {
    if (this.rest !== "") {
      const last = this.rest;
      this.rest = "";
      this.take(last);
    }
    if (this.state !== "frames") {
      this.fail(
        this.state === "motion" ? '"Frames:" and "Frame Time:"' : "a whole HIERARCHY and a MOTION",
        "the end of the file",
        "The file is cut short or is no BVH file.",
      );
    }
    if (this.read < this.frames) {
      throw new FormatError(`${this.what}, line ${this.line}`, {
        expected: `${this.frames} frames of ${this.width} numbers, as the header promises`,
        got: String(this.read),
        remedy: "The file is cut short: export it again, or correct its Frames line.",
      });
    }
    return this.flushPiece();
  }

  private fail(expected: string, got: string, remedy: string): never {
    throw new FormatError(`${this.what}, line ${this.line}`, { expected, got, remedy });
  }

  private take(line: string): void {
    this.line++;
    if (line.length > MAX_LINE) {
      throw new LimitError(`${this.what}, line ${this.line}`, {
        expected: `lines of at most ${MAX_LINE} characters`,
        got: `${line.length} characters`,
        remedy: "Check that this is a BVH file.",
      });
    }
    if (this.state === "frames") {
      this.takeNumbers(line);
      return;
    }
    if (this.state === "motion") {
      this.takeHeader(line.trim());
      return;
    }
    // Braces may share a line with anything.
    const words = line.replaceAll(/[{}]/g, " $& ").trim().split(/\s+/);
    for (let i = 0; i < words.length && words[i] !== "";) i = this.takeWord(words, i);
  }

  private takeWord(words: readonly string[], i: number): number {
    const word = words[i]!;
    const key = word.toUpperCase();
    if (this.expectBrace) {
      if (word !== "{") this.fail(`"{" after ${this.expectBrace.name}`, word, "Add the brace.");
      this.open.push(this.joints.length - 1);
      this.expectBrace = undefined;
      return i + 1;
    }
    if (this.state === "hierarchy") {
      if (key === "HIERARCHY" && this.joints.length === 0 && !this.started) {
        this.started = true;
        return i + 1;
      }
      if (key === "ROOT" && this.started && this.joints.length === 0)
        return this.begin(words, i, false);
      if (key === "ROOT" && this.joints.length > 0) {
        this.fail("one ROOT", "a second one", "Split the file: one motion per skeleton.");
      }
      if (key === "MOTION" && this.joints.length > 0) {
        this.finishHierarchy();
        return words.length;
      }
      this.fail(
        this.started ? (this.joints.length === 0 ? "ROOT" : "MOTION") : "HIERARCHY",
        shown(word),
        "This is no BVH file, or its hierarchy is broken.",
      );
    }
    if (key === "OFFSET") {
      const at = this.open.at(-1)!;
      const values = words.slice(i + 1, i + 4).map((text) => this.number(text, "OFFSET"));
      if (values.length < 3)
        this.fail("OFFSET with three numbers", `${values.length}`, "Add them.");
      if (this.offsetsSeen.has(at)) this.fail("one OFFSET per joint", "a second", "Remove one.");
      this.offsetsSeen.add(at);
      this.joints[at] = { ...this.joints[at]!, offset: values as [number, number, number] };
      return i + 4;
    }
    if (key === "CHANNELS") {
      const at = this.open.at(-1)!;
      const joint = this.joints[at]!;
      const count = this.number(words[i + 1] ?? "", "CHANNELS");
      if (joint.end) this.fail("no CHANNELS in an End Site", "some", "Remove them.");
      if (this.channels[at]!.kinds.length > 0)
        this.fail("one CHANNELS line per joint", "a second", "Remove one.");
      if (!Number.isInteger(count) || count < 0 || count > 9)
        this.fail("a count of channels from 0 to 9", String(count), "Correct the count.");
      const names = words.slice(i + 2, i + 2 + count);
      if (names.length < count)
        this.fail(`${count} channel names`, String(names.length), "Name every channel.");
      const kinds = names.map((name) => {
        const kind = KINDS.indexOf(name.toLowerCase());
        if (kind < 0) {
          this.fail(
            "a channel such as Xposition or Zrotation",
            shown(name),
            "Correct its name or the count of channels.",
          );
        }
        return kind;
      });
      if (new Set(kinds).size < kinds.length)
        this.fail("each channel once per joint", names.join(" "), "Remove the doubled one.");
      this.channels[at] = { kinds };
      this.width += count;
      return i + 2 + count;
    }
    if (key === "JOINT") return this.begin(words, i, false);
    if (key === "END" && words[i + 1]?.toUpperCase() === "SITE")
      return this.begin(words, i + 1, true);
    if (word === "}") {
      const at = this.open.pop()!;
      if (!this.offsetsSeen.has(at))
        this.fail(`an OFFSET for ${this.joints[at]!.name}`, "none", "Add one.");
      if (this.open.length === 0) this.state = "hierarchy";
      return i + 1;
    }
    this.fail(
      "OFFSET, CHANNELS, JOINT, End Site or }",
      shown(word),
      "The hierarchy is broken here.",
    );
  }

  private started = false;

  private begin(words: readonly string[], i: number, end: boolean): number {
    const parent = this.state === "hierarchy" ? -1 : this.open.at(-1)!;
    if (parent >= 0 && this.joints[parent]!.end)
      this.fail("nothing inside an End Site but its OFFSET", "a joint", "Make it a JOINT.");
    // Names may have spaces; a brace ends them.
    let last = i + 1;
    while (last < words.length && words[last] !== "{") last++;
    const name = end ? `${this.joints[parent]!.name}_end` : words.slice(i + 1, last).join(" ");
    if (name === "") this.fail("a name of the joint", "none", "Name it.");
    if (this.joints.length >= MAX_JOINTS) {
      throw new LimitError(`${this.what}, line ${this.line}`, {
        expected: `at most ${MAX_JOINTS} joints`,
        got: "more",
        remedy: "Remove joints that carry no motion (fingers, cloth, faces).",
      });
    }
    this.joints.push({ name, parent, offset: [0, 0, 0], ...(end && { end }) });
    this.channels.push({ kinds: [] });
    this.state = "joint";
    this.expectBrace = { name: end ? "End Site" : name, end };
    return last;
  }

  private finishHierarchy(): void {
    if (this.width === 0) {
      this.fail("channels", "none in the whole hierarchy", "Add CHANNELS lines to the joints.");
    }
    this.factor = metresPerUnit(this.options.unit ?? "auto", { joints: this.joints }, this.what);
    this.skeletonMade = {
      joints: this.joints.map((joint) => ({
        ...joint,
        offset: joint.offset.map((value) => value * this.factor) as [number, number, number],
      })),
    };
    this.movesBones = this.channels.some(({ kinds }, j) => j > 0 && kinds.some((kind) => kind < 3));
    this.row = new Float64Array(this.width);
    this.state = "motion";
  }

  private takeHeader(line: string): void {
    if (line === "") return;
    const found = /^(frames|frame time)\s*:\s*(.*)$/i.exec(line);
    if (!found) this.fail('"Frames:" and "Frame Time:"', shown(line), "Add them after MOTION.");
    const value = this.number(found[2]!, found[1]!);
    if (found[1]!.toLowerCase() === "frames") {
      if (!Number.isInteger(value) || value < 1 || value > MAX_FRAMES) {
        this.fail(
          `a whole number of frames from 1 to ${MAX_FRAMES}`,
          found[2]!,
          "A motion has at least one frame.",
        );
      }
      this.frames = value;
      return;
    }
    if (!(value > 0) || value > 60 || value < 1e-4) {
      this.fail(
        "a frame time of 0.0001 to 60 seconds",
        found[2]!,
        "Write the seconds from frame to frame, for example 0.008333 for 120 frames per second.",
      );
    }
    if (this.frames === 0) this.fail('"Frames:" before "Frame Time:"', "none", "Add it.");
    this.frameTime = value;
    this.state = "frames";
  }

  private number(text: string, what: string): number {
    const value = text === "" ? NaN : Number(text);
    if (!Number.isFinite(value)) this.fail(`a number (${what})`, shown(text), "Correct it.");
    return value;
  }

  /** One frame, one line. */
  private takeNumbers(line: string): void {
    let at = 0;
    let count = 0;
    const { length } = line;
    while (at < length) {
      while (at < length && line.charCodeAt(at) <= 32) at++;
      if (at >= length) break;
      let end = at + 1;
      while (end < length && line.charCodeAt(end) > 32) end++;
      const value = Number(line.slice(at, end));
      if (!Number.isFinite(value)) {
        throw new ValueError(`${this.what}, line ${this.line}`, {
          expected: "finite numbers",
          got: shown(line.slice(at, end)),
          remedy: `Fill the gap in frame ${this.read} of the recording.`,
        });
      }
      if (count < this.width) this.row[count] = value;
      count++;
      at = end;
    }
    if (count === 0) return;
    // Files in the wild have a frame or two more than they promise; viewers leave them out, and so do we.
    if (this.read >= this.frames) return;
    if (count !== this.width) {
      this.fail(
        `${this.width} numbers, one per channel of the hierarchy`,
        String(count),
        "Channels are missing or too many: the hierarchy and the motion disagree.",
      );
    }
    this.takeFrame();
  }

  private takeFrame(): void {
    const { translation, rotations, translations } = this.pieces;
    let at = 0;
    for (const [j, joint] of this.joints.entries()) {
      const { kinds } = this.channels[j]!;
      const place: [number, number, number] = [...joint.offset];
      let turn: Quat = [0, 0, 0, 1];
      for (const kind of kinds) {
        const value = this.row[at++]!;
        if (kind < 3) place[kind] = value;
        else turn = multiply(turn, axisAngle(AXES[kind - 3]!, (value * Math.PI) / 180));
      }
      for (let k = 0; k < 3; k++) {
        const value = place[k]! * this.factor;
        if (j === 0) translation.push(value);
        if (this.movesBones) translations.push(value);
      }
      rotations.push(...turn);
    }
    this.read++;
  }

  private flushPiece(): MotionSignal | undefined {
    const { translation, rotations, translations } = this.pieces;
    if (translation.length === 0 || !this.skeletonMade) return undefined;
    this.pieces = { translation: [], rotations: [], translations: [] };
    return {
      skeleton: this.skeletonMade,
      fps: this.fps,
      translation: Float32Array.from(translation),
      rotations: Float32Array.from(rotations),
      ...(this.movesBones && { translations: Float32Array.from(translations) }),
    };
  }
}

const shown = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** A whole BVH file. Metres; see `LengthUnit` for what the file's units are taken for. */
export function readBvh(text: string, options: BvhReadOptions = {}): MotionSignal {
  const parser = new BvhParser(options);
  const pieces: MotionSignal[] = [];
  for (let at = 0; at < text.length; at += 1 << 20) {
    const piece = parser.push(text.slice(at, at + (1 << 20)));
    if (piece) pieces.push(piece);
  }
  const last = parser.end();
  if (last) pieces.push(last);
  return joinPieces(pieces);
}

/** Pieces of one recording as one motion. */
export function joinPieces(pieces: readonly MotionSignal[]): MotionSignal {
  const first = pieces[0];
  if (!first) {
    throw new ArgumentError("pieces", {
      expected: "at least one",
      got: "none",
      remedy: "Give the pieces of a motion.",
    });
  }
  if (pieces.length === 1) return first;
  const join = (of: (piece: MotionSignal) => Float32Array) => {
    const out = new Float32Array(pieces.reduce((sum, piece) => sum + of(piece).length, 0));
    let at = 0;
    for (const piece of pieces) {
      out.set(of(piece), at);
      at += of(piece).length;
    }
    return out;
  };
  return {
    skeleton: first.skeleton,
    fps: first.fps,
    translation: join((piece) => piece.translation),
    rotations: join((piece) => piece.rotations),
    ...(first.translations && { translations: join((piece) => piece.translations!) }),
  };
}

export interface BvhWriteOptions {
  /** Metres per unit of the file: "cm" (default) or "m", "mm", "inch", or a number. */
  readonly unit?: Exclude<LengthUnit, "auto">;
  /** Order of the rotation channels, a permutation of "XYZ". Default "ZXY". */
  readonly order?: string;
  /** Digits after the point. Default 6. */
  readonly digits?: number;
}

/** The BVH file's text. What is read back differs by rounding only. */
export function writeBvh(motion: MotionSignal, options: BvhWriteOptions = {}): string {
  return [...bvhLines(motion, options)].join("");
}

/** As `writeBvh`, piece by piece; `frames` overrides the count in the header (streams). */
export function* bvhLines(
  motion: MotionSignal,
  options: BvhWriteOptions & { readonly frames?: number } = {},
): Generator<string> {
  checkMotion(motion);
  const { order = "ZXY", digits = 6 } = options;
  if (order.length !== 3 || [..."XYZ"].some((axis) => !order.includes(axis))) {
    throw new ArgumentError("order", {
      expected: 'a permutation of "XYZ"',
      got: JSON.stringify(order),
      remedy: 'Most programs expect "ZXY" or "ZYX".',
    });
  }
  const { joints } = motion.skeleton;
  const perUnit = metresPerUnit(options.unit ?? "cm", motion.skeleton, "the written BVH");
  const text = (metres: number) => tidy(metres / perUnit, digits);
  const axes = [...order].map((axis) => "XYZ".indexOf(axis)) as [number, number, number];
  const rotation = [...order].map((axis) => `${axis}rotation`).join(" ");
  const position = "Xposition Yposition Zposition";
  const children = joints.map((_, j) =>
    joints.flatMap(({ parent }, k) => (parent === j ? [k] : [])),
  );
  const sequence: number[] = [];
  function* tree(j: number, depth: number): Generator<string> {
    const { name, parent, offset, end } = joints[j]!;
    const pad = "\t".repeat(depth);
    const tip = end === true && children[j]!.length === 0;
    yield `${pad}${parent < 0 ? `ROOT ${name}` : tip ? "End Site" : `JOINT ${name}`}\n${pad}{\n`;
    yield `${pad}\tOFFSET ${offset.map((value) => text(value)).join(" ")}\n`;
    if (!tip) {
      sequence.push(j);
      const all = parent < 0 || motion.translations !== undefined;
      yield `${pad}\tCHANNELS ${all ? `6 ${position} ${rotation}` : `3 ${rotation}`}\n`;
      for (const child of children[j]!) yield* tree(child, depth + 1);
      // Viewers want a tip on every branch.
      if (children[j]!.length === 0)
        yield `${pad}\tEnd Site\n${pad}\t{\n${pad}\t\tOFFSET ${text(0)} ${text(0)} ${text(0)}\n${pad}\t}\n`;
    }
    yield `${pad}}\n`;
  }
  yield "HIERARCHY\n";
  yield* tree(0, 0);
  const frames = frameCount(motion);
  yield `MOTION\nFrames: ${options.frames ?? frames}\nFrame Time: ${tidy(1 / motion.fps, 9)}\n`;
  yield* bvhFrames(motion, sequence, axes, text, digits);
}

function* bvhFrames(
  motion: MotionSignal,
  sequence: readonly number[],
  axes: readonly [number, number, number],
  text: (metres: number) => string,
  digits: number,
): Generator<string> {
  const frames = frameCount(motion);
  const { joints } = motion.skeleton;
  for (let from = 0; from < frames; from += PIECE) {
    const lines: string[] = [];
    for (let t = from; t < Math.min(frames, from + PIECE); t++) {
      const words: string[] = [];
      for (const j of sequence) {
        const at = t * joints.length + j;
        if (joints[j]!.parent < 0) {
          for (let k = 0; k < 3; k++) words.push(text(motion.translation[t * 3 + k]!));
        } else if (motion.translations) {
          for (let k = 0; k < 3; k++) words.push(text(motion.translations[at * 3 + k]!));
        }
        for (const angle of eulerAngles(quatAt(motion.rotations, at * 4), axes))
          words.push(tidy((angle * 180) / Math.PI, digits));
      }
      lines.push(words.join(" "));
    }
    yield `${lines.join("\n")}\n`;
  }
}

function tidy(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text;
}

/** Radians about the three axes such that R(a) R(b) R(c) is the rotation. */
export function eulerAngles(q: Quat, [a, b, c]: readonly [number, number, number]): Vec3 {
  // The matrix in the order of the axes: m[i][k] = component i of the turned axis k.
  const columns = AXES.map((axis) => rotate(q, axis));
  const m = (i: number, k: number) => columns[k]![i]!;
  // Even permutations turn the usual way round, odd ones the other.
  const sign = (b - a + 3) % 3 === 1 ? 1 : -1;
  const sine = Math.max(-1, Math.min(1, sign * m(a, c)));
  const middle = Math.asin(sine);
  if (Math.abs(sine) > 0.9999999) {
    // Gimbal lock: the first and last axes turn alike; give all to the first.
    return [Math.atan2(sign * m(c, b), m(b, b)), middle, 0];
  }
  return [Math.atan2(-sign * m(b, c), m(c, c)), middle, Math.atan2(-sign * m(a, b), m(a, a))];
}
