import type { NodePiece } from "./node-piece.js";

/** Names longer than this are cut. */
const LETTERS = 28;
/** Neighbours that lie on no path to an anchor, at most. */
const OTHERS = 10;
const [ROW, LEFT, TOP] = [24, 24, 84];
/** Width of a letter of 12 px, about. */
const LETTER = 7.3;

const ANCHOR = "#1f6fb4";
const NODE = "#c4501b";
const LINE = "#9aa3ad";

interface Place {
  readonly name: string;
  readonly depth: number;
  readonly anchor: boolean;
  /** The edge toward the node in the middle: its relation, and whether it points away from it. */
  readonly relation: string;
  readonly away: boolean;
  readonly next: Place[];
  y: number;
}

function cut(text: string): string {
  const letters = [...text];
  return letters.length > LETTERS ? `${letters.slice(0, LETTERS - 1).join("")}…` : text;
}

/** Text of XML; characters that XML cannot hold even as entities are replaced. */
function escaped(text: string): string {
  return Array.from(cut(text), (letter) =>
    letter < " " || letter === "\ufffe" || letter === "\uffff" ? "\ufffd" : letter,
  )
    .join("")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

const widthOf = (text: string): number => [...cut(text)].length * LETTER;

/**
 * A node's neighbourhood as a picture (SVG): the shortest paths to its anchors, column by column of
 * distance, edge by edge with its relation and direction, and some of the neighbours on no such path.
 */
export function explainSvg(pieces: NodePiece, node: string): string {
  const { graph } = pieces;
  const { anchors, relations } = pieces.describe(node);
  const isAnchor = new Set(Array.from(pieces.anchors, (n) => graph.nodes[n]!));
  const root: Place = {
    name: node,
    depth: 0,
    anchor: isAnchor.has(node),
    relation: "",
    away: true,
    next: [],
    y: 0,
  };
  // Nodes of shortest paths have one distance from the middle, so paths join to a tree.
  const places = new Map([[node, root]]);
  const grow = (from: Place, name: string, relation: string, away: boolean): Place => {
    const known = places.get(name);
    if (known) return known;
    const place: Place = {
      name,
      depth: from.depth + 1,
      anchor: isAnchor.has(name),
      relation,
      away,
      next: [],
      y: 0,
    };
    places.set(name, place);
    from.next.push(place);
    return place;
  };
  for (const { node: anchor } of anchors) {
    let at = root;
    for (const { from, relation, to } of pieces.pathTo(node, anchor)) {
      const away = from === at.name;
      at = grow(at, away ? to : from, relation, away);
    }
  }
  const n = graph.indexOf(node);
  let others = 0;
  for (const way of ["out", "in"] as const) {
    const { start, node: ends, relation } = graph[way];
    for (let e = start[n]!; e < start[n + 1]!; e++) {
      const name = graph.nodes[ends[e]!]!;
      if (places.has(name)) continue;
      if (others++ < OTHERS) grow(root, name, graph.relations[relation[e]!]!, way === "out");
    }
  }

  let row = 0;
  const settle = (place: Place): number => {
    const ys = place.next.map(settle);
    place.y = ys.length > 0 ? (ys[0]! + ys.at(-1)!) / 2 : TOP + ROW * row++;
    return place.y;
  };
  settle(root);
  const columns: Place[][] = [];
  for (const place of places.values()) (columns[place.depth] ??= []).push(place);
  // Between columns: the longest name of one, then the longest relation before the next.
  const x = [LEFT];
  for (let d = 1; d < columns.length; d++) {
    const names = Math.max(...columns[d - 1]!.map(({ name }) => widthOf(name)));
    const edges = Math.max(...columns[d]!.map(({ relation }) => widthOf(relation)));
    x.push(x[d - 1]! + 20 + names + 40 + edges + 28);
  }
  const last = columns.length - 1;
  const right = x[last]! + 30 + Math.max(...columns[last]!.map(({ name }) => widthOf(name)));
  const words = relations.map(({ relation, direction }) =>
    direction === "out" ? `${relation} →` : `← ${relation}`,
  );
  const lines: string[] = [];
  const width = Math.max(420, Math.ceil(right + LEFT));
  for (const word of words) {
    const now = lines.at(-1);
    if (now !== undefined && widthOf(word) + now.length * LETTER < width - 2 * LEFT - 40) {
      lines[lines.length - 1] = `${now}  ·  ${escaped(word)}`;
    } else lines.push(escaped(word));
  }
  const bottom = TOP + ROW * Math.max(1, row);
  const height = bottom + 40 + lines.length * 18;

  const parts: string[] = [];
  const text = (px: number, py: number, content: string, more = "") =>
    parts.push(`<text x="${px.toFixed(1)}" y="${py.toFixed(1)}"${more}>${content}</text>`);
  for (let d = 0; d < columns.length; d++) {
    const title = d === 0 ? "" : d === 1 ? "1 edge" : `${d} edges`;
    text(x[d]! - 6, TOP - 30, title, ` fill="#6b7280" font-size="11"`);
  }
  for (const place of places.values()) {
    const from = x[place.depth]! + 14 + widthOf(place.name);
    for (const next of place.next) {
      const to = x[next.depth]! - 9;
      const label = widthOf(next.relation) + 3 * LETTER;
      const turn = Math.max(from + 12, to - label);
      const half = (from + turn) / 2;
      parts.push(
        `<path d="M${from.toFixed(1)} ${place.y.toFixed(1)}C${half.toFixed(1)} ${place.y.toFixed(1)} ${half.toFixed(1)} ${next.y.toFixed(1)} ${turn.toFixed(1)} ${next.y.toFixed(1)}H${to.toFixed(1)}" fill="none" stroke="${LINE}"/>`,
      );
      const { relation } = next;
      const written = next.away ? `${escaped(relation)} →` : `← ${escaped(relation)}`;
      text(to, next.y - 4, written, ` text-anchor="end" font-size="11" fill="#4b5563"`);
    }
  }
  for (const place of places.values()) {
    const own = place === root;
    const fill = place.anchor ? ANCHOR : own ? NODE : "#fff";
    const stroke = own ? NODE : place.anchor ? ANCHOR : LINE;
    parts.push(
      `<circle cx="${x[place.depth]!.toFixed(1)}" cy="${place.y.toFixed(1)}" r="${own ? 7 : 5}" fill="${fill}" stroke="${stroke}" stroke-width="2"/>`,
    );
    text(
      x[place.depth]! + 12,
      place.y + 4,
      escaped(place.name),
      own || place.anchor ? ` font-weight="bold"` : "",
    );
  }
  const count = anchors.length;
  const reached = count === 0 ? "no anchor is reached" : `${count} nearest anchors in blue`;
  const more = others > OTHERS ? `; ${others - OTHERS} more neighbours are not drawn` : "";
  text(LEFT - 6, 22, `${escaped(node)}: ${reached}${more}`, ` font-weight="bold"`);
  if (lines.length > 0) {
    text(LEFT - 6, bottom + 14, "relations", ` fill="#6b7280" font-size="11"`);
    for (const [i, line] of lines.entries()) {
      text(LEFT - 6, bottom + 34 + i * 18, line);
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="#1f2933" style="background:#fff">
${parts.join("\n")}
</svg>
`;
}
