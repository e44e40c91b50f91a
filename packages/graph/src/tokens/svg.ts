import type { NodePiece } from "./node-piece.js";

const SIZE = 640;
/** Names longer than this are cut. */
const LETTERS = 24;

function escaped(text: string): string {
  const short = text.length > LETTERS ? `${text.slice(0, LETTERS - 1)}…` : text;
  return short.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A node in the middle of its anchors, each as far out as its path is long, and its relations below. */
export function explainSvg(pieces: NodePiece, node: string): string {
  const { anchors, relations } = pieces.describe(node);
  const farthest = anchors.reduce((most, { distance }) => Math.max(most, distance), 1);
  const [x, y] = [SIZE / 2, SIZE / 2 - 20];
  const radius = (distance: number) => (distance === 0 ? 0 : 70 + (190 * distance) / farthest);
  const parts: string[] = [];
  for (const d of new Set(anchors.map(({ distance }) => distance))) {
    if (d > 0) {
      parts.push(
        `<circle cx="${x}" cy="${y}" r="${radius(d).toFixed(1)}" fill="none" stroke="currentColor" stroke-opacity="0.15"/>`,
      );
    }
  }
  anchors.forEach(({ node: name, distance }, i) => {
    const angle = (2 * Math.PI * i) / anchors.length - Math.PI / 2;
    const at = radius(distance);
    const [ax, ay] = [x + at * Math.cos(angle), y + at * Math.sin(angle)];
    const [sx, sy] = [ax.toFixed(1), ay.toFixed(1)];
    if (distance > 0) {
      const hops = distance > 1 ? ` stroke-dasharray="4 4"` : "";
      parts.push(
        `<line x1="${x}" y1="${y}" x2="${sx}" y2="${sy}" stroke="#2a78d6" stroke-opacity="0.5"${hops}/>`,
      );
    }
    parts.push(
      `<circle cx="${sx}" cy="${sy}" r="6" fill="#2a78d6"/>`,
      `<text x="${Math.max(90, Math.min(SIZE - 90, ax)).toFixed(1)}" y="${(ay - 10).toFixed(1)}" text-anchor="middle">${escaped(name)} @${distance}</text>`,
    );
  });
  parts.push(
    `<circle cx="${x}" cy="${y}" r="9" fill="#d6582a"/>`,
    `<text x="${x}" y="${y + 24}" text-anchor="middle" font-weight="bold">${escaped(node)}</text>`,
  );
  const words = relations
    .map(({ relation, direction }) => (direction === "out" ? relation : `${relation} of others`))
    .map(escaped);
  for (let row = 0; row * 4 < words.length; row++) {
    const line = words.slice(row * 4, row * 4 + 4).join(" · ");
    parts.push(
      `<text x="${SIZE / 2}" y="${SIZE - 46 + row * 15}" text-anchor="middle" opacity="0.7">${line}</text>`,
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}" font-family="sans-serif" font-size="11" fill="currentColor" style="background:#fff;color:#222">
${parts.join("\n")}
</svg>
`;
}
