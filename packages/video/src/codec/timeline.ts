/**
 * How frames lie on the grid's first axis. A key step holds one frame; each of the up to `groups` steps
 * after it holds `frames` frames; then comes the next key. Hence a step's place alone says what it is,
 * and a step decodes from its own codes and those since its key.
 */
export interface Timeline {
  /** Frames of a group. */
  readonly frames: number;
  /** Groups between two keys. */
  readonly groups: number;
}

/** Frames from a key to the next. */
export function framesPerKey({ frames, groups }: Timeline): number {
  return 1 + frames * groups;
}

/** Frame `i` (from 0) lies in this step. */
export function stepOfFrame(t: Timeline, i: number): number {
  const period = framesPerKey(t);
  const within = i % period;
  const local = within === 0 ? 0 : 1 + Math.floor((within - 1) / t.frames);
  return Math.floor(i / period) * (1 + t.groups) + local;
}

/** Steps that `count` frames take; the last group may be only partly used. */
export function stepsOf(t: Timeline, count: number): number {
  return count === 0 ? 0 : stepOfFrame(t, count - 1) + 1;
}

export function isKey(t: Timeline, step: number): boolean {
  return step % (1 + t.groups) === 0;
}

/** The key step that `step` depends on. */
export function keyOf(t: Timeline, step: number): number {
  return step - (step % (1 + t.groups));
}

/** First frame of a step. */
export function firstFrame(t: Timeline, step: number): number {
  const local = step % (1 + t.groups);
  const base = Math.floor(step / (1 + t.groups)) * framesPerKey(t);
  return local === 0 ? base : base + 1 + (local - 1) * t.frames;
}
