/** The page's half of a modality: what files it takes, how its tokens lie, what to say of them. */
import type { Encoded, RawSound } from "./protocol.js";

export interface Sample {
  readonly name: string;
  /** Below /samples/. */
  readonly file: string;
}

export interface View {
  /** As the worker calls it. */
  readonly id: string;
  readonly title: string;
  /** Kinds of files, in words. */
  readonly takes: string;
  /** Of a file input. */
  readonly accept: string;
  /** Outline of its icon: an SVG path in 24 x 24. */
  readonly icon: string;
  readonly samples: readonly Sample[];
  /**
   * How tokens are laid out: `panes`: a plane beside the picture (of each step); `timeline`: time to the
   * right, levels below one another; `table`: a row for each position, which has a name.
   */
  readonly layout: "panes" | "timeline" | "table";
  /** What a position is called. */
  place(encoded: Encoded, position: number): string;
  /** What only the page can decode. */
  prepare?(file: Blob, name: string): Promise<Blob | RawSound>;
  /** Lines of code that do the same. */
  code(tokenizer: string, level: number | null, levels: number): string;
}

/** Whether a file is of a view's kind, by its name and type. */
export function takes({ accept }: View, name: string, type: string): boolean {
  return accept
    .split(",")
    .map((one) => one.trim())
    .some((one) =>
      one.startsWith(".")
        ? name.toLowerCase().endsWith(one)
        : one.endsWith("/*")
          ? type.startsWith(one.slice(0, -1))
          : type === one,
    );
}

/** Rows and columns of the tokens that are shown at once, and where each lies in the codes. */
export interface Plane {
  readonly rows: number;
  readonly columns: number;
  /** Index in the codes [N, Q] of a cell. */
  at(cell: number): number;
  /** Cell of an index; -1 if it is not shown. */
  cell(at: number): number;
}

/**
 * @param step of a clip
 * @param codebook that a picture's plane shows
 */
export function planeOf(
  layout: View["layout"],
  { shape, codebookSizes }: Pick<Encoded, "shape" | "codebookSizes">,
  step = 0,
  codebook = 0,
): Plane {
  const width = codebookSizes.length;
  if (layout === "panes") {
    const [rows, columns] = shape.slice(-2) as [number, number];
    const cells = rows * columns;
    const first = step * cells;
    return {
      rows,
      columns,
      at: (cell) => (first + cell) * width + codebook,
      cell: (at) => {
        const position = Math.floor(at / width) - first;
        return position >= 0 && position < cells ? position : -1;
      },
    };
  }
  const positions = shape[0]!;
  if (layout === "table") {
    return { rows: positions, columns: width, at: (cell) => cell, cell: (at) => at };
  }
  return {
    rows: width,
    columns: positions,
    at: (cell) => (cell % positions) * width + Math.floor(cell / positions),
    cell: (at) => (at % width) * positions + Math.floor(at / width),
  };
}

/** RGB of the cells of a plane. */
export function coloursOf(
  plane: Plane,
  codes: Int32Array,
  { palettes, paletteOf, codebookSizes }: Encoded,
): Uint8Array {
  const width = codebookSizes.length;
  const cells = plane.rows * plane.columns;
  const out = new Uint8Array(cells * 3);
  for (let cell = 0; cell < cells; cell++) {
    const at = plane.at(cell);
    const palette = palettes[paletteOf[at % width]!]!;
    const from = codes[at]! * 3;
    out[cell * 3] = palette[from]!;
    out[cell * 3 + 1] = palette[from + 1]!;
    out[cell * 3 + 2] = palette[from + 2]!;
  }
  return out;
}

/** Indices of the same codebook's same code. */
export function sameAs(codes: Int32Array, at: number, width: number): number[] {
  const out: number[] = [];
  for (let i = at % width; i < codes.length; i += width) if (codes[i] === codes[at]) out.push(i);
  return out;
}

/** Black or white, whichever is read better on a colour. */
export function inkOn(r: number, g: number, b: number): "#000" | "#fff" {
  const linear = (v: number) =>
    v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  return luminance > 0.179 ? "#000" : "#fff";
}

/** Black over violet, red and orange to light yellow: errors and spectrograms. */
const STOPS = [
  [0, 0, 4],
  [40, 11, 84],
  [101, 21, 110],
  [159, 42, 99],
  [212, 72, 66],
  [245, 125, 21],
  [250, 193, 39],
  [252, 255, 164],
] as const;
export const HEAT: Uint8Array = heat();
function heat(): Uint8Array {
  const out = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (STOPS.length - 1);
    const low = Math.min(STOPS.length - 2, Math.floor(place));
    for (let c = 0; c < 3; c++) {
      const [a, b] = [STOPS[low]![c]!, STOPS[low + 1]![c]!];
      out[3 * i + c] = Math.round(a + (b - a) * (place - low));
    }
  }
  return out;
}
