import type { Random } from "@dtok/core";

/** A view's path over a picture: centre in pixels, radians, and pixels of the picture per pixel out. */
interface Path {
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
  readonly angle: number;
  readonly turn: number;
  readonly scale: number;
  readonly zoom: number;
}

function path(random: Random, side: number, size: number, moves: boolean): Path {
  const direction = random.float() * 2 * Math.PI;
  // 0.1 to 6 pixels a frame, slow ones as likely as fast ones.
  const speed = moves ? 0.1 * 60 ** random.float() : 0;
  const signed = (most: number) => (moves ? (random.float() * 2 - 1) * most : 0);
  const centre = side / 2;
  const [vx, vy] = [Math.cos(direction) * speed, Math.sin(direction) * speed];
  const room = (side - size) / 2;
  return {
    // Half of the way before, half after: the view stays inside for all but the fastest.
    x: centre - 4 * vx + (random.float() - 0.5) * room,
    y: centre - 4 * vy + (random.float() - 0.5) * room,
    vx,
    vy,
    angle: random.float() < 0.3 ? (random.float() - 0.5) * 0.6 : 0,
    turn: random.float() < 0.4 ? signed(0.03) : 0,
    scale: 0.8 + random.float() * 0.4,
    zoom: random.float() < 0.4 ? signed(0.02) : 0,
  };
}

/** Writes the picture (side x side RGB) as seen at frame t, by bilinear sampling, where `inside` says so. */
function view(
  picture: Uint8Array,
  side: number,
  p: Path,
  t: number,
  size: number,
  inside: ((x: number, y: number) => boolean) | undefined,
  write: (x: number, y: number, r: number, g: number, b: number) => void,
): void {
  const angle = p.angle + p.turn * t;
  const scale = p.scale * (1 + p.zoom) ** t;
  const [c, s] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const [cx, cy] = [p.x + p.vx * t, p.y + p.vy * t];
  const half = size / 2;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (inside && !inside(x, y)) continue;
      const u = Math.min(side - 1.001, Math.max(0, cx + (x - half) * c - (y - half) * s));
      const v = Math.min(side - 1.001, Math.max(0, cy + (x - half) * s + (y - half) * c));
      const u0 = u | 0;
      const v0 = v | 0;
      const fu = u - u0;
      const fv = v - v0;
      const at = (v0 * side + u0) * 3;
      const below = at + side * 3;
      const w00 = (1 - fu) * (1 - fv);
      const w10 = fu * (1 - fv);
      const w01 = (1 - fu) * fv;
      const w11 = fu * fv;
      const r =
        picture[at]! * w00 +
        picture[at + 3]! * w10 +
        picture[below]! * w01 +
        picture[below + 3]! * w11;
      const g =
        picture[at + 1]! * w00 +
        picture[at + 4]! * w10 +
        picture[below + 1]! * w01 +
        picture[below + 4]! * w11;
      const b =
        picture[at + 2]! * w00 +
        picture[at + 5]! * w10 +
        picture[below + 2]! * w01 +
        picture[below + 5]! * w11;
      write(x, y, r, g, b);
    }
  }
}

/**
 * `frames` frames of size x size pixels of a picture under a pan, zoom and rotation; in half of the
 * clips a second picture, cut to an ellipse, moves over it on a path of its own. One in five stands
 * still. Brightness drifts in one of five.
 */
export function movingClip(
  random: Random,
  pictures: readonly [Uint8Array, Uint8Array],
  side: number,
  size: number,
  frames: number,
): Uint8Array {
  const out = new Uint8Array(frames * size * size * 3);
  const back = path(random, side, size, random.float() < 0.8);
  const front = random.float() < 0.5 ? path(random, side, size, true) : undefined;
  const [ex, ey] = [random.float() * size, random.float() * size];
  const [evx, evy] = [(random.float() - 0.5) * 6, (random.float() - 0.5) * 6];
  const [rx, ry] = [size * (0.08 + random.float() * 0.25), size * (0.08 + random.float() * 0.25)];
  const drift = random.float() < 0.2 ? (random.float() - 0.5) * 0.06 : 0;
  for (let t = 0; t < frames; t++) {
    const gain = 1 + drift * t;
    const write = (x: number, y: number, r: number, g: number, b: number) => {
      const to = ((t * size + y) * size + x) * 3;
      out[to] = Math.min(255, r * gain + 0.5);
      out[to + 1] = Math.min(255, g * gain + 0.5);
      out[to + 2] = Math.min(255, b * gain + 0.5);
    };
    view(pictures[0], side, back, t, size, undefined, write);
    if (!front) continue;
    const [cx, cy] = [ex + evx * t, ey + evy * t];
    const inside = (x: number, y: number) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
    view(pictures[1], side, front, t, size, inside, write);
  }
  return out;
}
