/*
 * One HTML page about a catalogue, with nothing to load: numbers, use of codes, and the tree of
 * prefixes with the items under them. Item names reach the page as JSON and are shown as text, so
 * nothing in them is run.
 */
import { createRandom } from "@dtok/core";
import type { Catalogue } from "../catalogue/catalogue.js";
import { levelName } from "../ids/print.js";
import { codesWithoutSuffix, summarise } from "../metrics/summary.js";

export interface ReportOptions {
  /** Heading. Default "Semantic IDs". */
  readonly title?: string;
  /** What to show for an item. Default: its name. */
  readonly label?: (item: string) => string;
  /** Most items in the tree; of more, a uniform sample is shown, and the page says so. Default 50,000. */
  readonly maxItems?: number;
}

export function renderReport(catalogue: Catalogue, options: ReportOptions = {}): string {
  const { title = "Semantic IDs", label = (item) => item, maxItems = 50_000 } = options;
  const summary = summarise(catalogue);
  const depth = catalogue.codebookSizes.length;
  const rows = catalogue.trie().rowsUnder([]);
  const shown =
    rows.length <= maxItems
      ? rows
      : Array.from(createRandom(0).sample(maxItems, rows.length).sort(), (at) => rows[at]!);
  const codes: number[] = [];
  const items: string[] = [];
  for (const row of shown) {
    for (let l = 0; l < depth; l++) codes.push(catalogue.codes.data[row * depth + l]!);
    const item = catalogue.itemIds[row]!;
    const text = label(item);
    items.push(text === item ? item : `${text}  ·  ${item}`);
  }
  const data = { depth, codes, items, names: catalogue.codebookSizes.map((_, l) => levelName(l)) };
  const json = JSON.stringify(data).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028");
  const facts: [string, string][] = [
    ["Items", number(summary.items)],
    ["Version", String(summary.version)],
    ["Quantizer", summary.quantizer],
    ["Levels", summary.codebookSizes.join(" × ")],
    ["Unique by", summary.strategy],
    [
      "Items that share codes",
      `${number(summary.collisions.colliding)} (${percent(summary.collisions.rate)})`,
    ],
    ["Largest group", number(summary.collisions.largest)],
    ["Error when made", summary.baseline === null ? "–" : summary.baseline.toPrecision(4)],
  ];
  const width = catalogue.quantizer.codebookSizes.length;
  const plain = codesWithoutSuffix(catalogue);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escape(title)}</h1></header>
<main>
<section aria-label="Summary"><dl class="facts">${facts
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${escape(value)}</dd></div>`)
    .join("")}</dl></section>
<section><h2>Use of codes</h2>
<p>Items per code, busiest first; the line is the even share. Bits are the entropy of the codes.</p>
<div class="levels">${summary.levels
    .map((level, l) => usageChart(plain.data, width, l, level.size, level))
    .join("")}</div></section>
<section><h2>Tree of prefixes</h2>
<p>${
    shown.length === rows.length
      ? `All ${number(rows.length)} items.`
      : `A sample of ${number(shown.length)} of ${number(rows.length)} items.`
  } Open a prefix to see what lies under it.</p>
<label class="search">Find <input id="find" type="search" placeholder="an item, or an ID such as &lt;a_12&gt;" autocomplete="off"></label>
<div id="hits" aria-live="polite"></div>
<ul id="tree" class="tree"></ul></section>
</main>
<script type="application/json" id="data">${json}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function usageChart(
  data: Int32Array,
  width: number,
  level: number,
  size: number,
  usage: { readonly used: number; readonly entropy: number; readonly perplexity: number },
): string {
  const counts = new Float64Array(size);
  for (let i = level; i < data.length; i += width) counts[data[i]!]!++;
  counts.sort().reverse();
  const bins = Math.min(size, 128);
  const heights = Array.from({ length: bins }, (_, b) => {
    const from = Math.floor((b * size) / bins);
    const to = Math.floor(((b + 1) * size) / bins);
    return counts.subarray(from, to).reduce((a, c) => a + c, 0) / (to - from);
  });
  const top = Math.max(1, ...heights);
  const even = data.length / width / size;
  const bars = heights
    .map(
      (h, b) =>
        `<rect x="${b}" y="${(60 - (h / top) * 58).toFixed(2)}" width="0.85" height="${((h / top) * 58).toFixed(2)}"/>`,
    )
    .join("");
  const line = (60 - (even / top) * 58).toFixed(2);
  const name = levelName(level);
  return `<figure><figcaption><b>Level ${name}</b> ${number(usage.used)} of ${number(size)} codes · ${usage.entropy.toFixed(2)} of ${Math.log2(size).toFixed(2)} bits</figcaption>
<svg viewBox="0 0 ${bins} 60" preserveAspectRatio="none" role="img" aria-label="Items per code of level ${name}, busiest first: from ${number(Math.round(heights[0] ?? 0))} down to ${number(Math.round(heights.at(-1) ?? 0))}">${bars}<line x1="0" x2="${bins}" y1="${line}" y2="${line}"/></svg></figure>`;
}

const number = (value: number) => value.toLocaleString("en-GB");
const percent = (value: number) => `${(value * 100).toFixed(value < 0.1 ? 2 : 1)} %`;

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6678;--line:#d9dee6;--paper:#fff;--tint:#f4f6f9;--bar:#2f6fb3}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#a3adbd;--line:#343d4b;--paper:#14181f;--tint:#1c222c;--bar:#6aa9e9}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
header,main{max-width:62rem;margin:0 auto;padding:0 1.25rem}header{padding-top:2rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .3rem}p{color:var(--soft);margin:.2rem 0 .8rem}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.6rem;margin:1.2rem 0 0}
.facts div{background:var(--tint);border-radius:.5rem;padding:.55rem .8rem}dt{color:var(--soft);font-size:.82rem}dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.levels{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem}
figure{margin:0}figcaption{font-size:.85rem;color:var(--soft);margin-bottom:.3rem}figcaption b{color:var(--ink);font-weight:600}
svg{display:block;width:100%;height:84px;background:var(--tint);border-radius:.4rem}rect{fill:var(--bar)}line{stroke:var(--ink);stroke-dasharray:2 2;vector-effect:non-scaling-stroke;opacity:.55}
.search{display:block;margin-bottom:.6rem}input{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:.4rem;padding:.35rem .6rem;width:min(28rem,75vw)}
ul{list-style:none;margin:0;padding:0}.tree ul{padding-left:1.35rem;border-left:1px solid var(--line);margin-left:.4rem}
summary{cursor:pointer;padding:.1rem 0;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}summary:focus-visible{outline:2px solid var(--bar);outline-offset:-2px}button{font:inherit;font-size:.85rem;color:inherit;background:var(--tint);border:1px solid var(--line);border-radius:.4rem;padding:.15rem .6rem;margin:.2rem 0;cursor:pointer}code{font:.88em ui-monospace,monospace}.n{color:var(--soft);font-size:.85rem;margin-left:.5rem}
.ex{color:var(--soft);font-size:.85rem;margin-left:.6rem}.leaf{padding:.1rem 0 .1rem 1.05rem;overflow-wrap:anywhere}#hits li{padding:.1rem 0}#hits:not(:empty){margin-bottom:1.2rem}
`;

const SCRIPT = `
(() => {
  const { depth, codes, items, names } = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 300;
  const cut = (text) => (text.length > 40 ? text.slice(0, 39) + "…" : text);
  const count = (n) => n.toLocaleString("en-GB");
  // The first and the last item of a prefix, without the names behind the labels.
  const examples = (i, j) => [...new Set([items[i], items[j - 1]].map((text) => cut(text.split("  ·  ")[0])))].join(", ");
  const token = (l, c) => "<" + names[l] + "_" + c + ">";
  const idOf = (n, first = 0) => { let t = ""; for (let l = first; l < depth; l++) t += token(l, codes[n * depth + l]); return t; };
  const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
  // Items come in the order of their IDs: a prefix is a range.
  const groups = (begin, end, l) => {
    const out = [];
    for (let i = begin; i < end; ) {
      const c = codes[i * depth + l];
      let j = i + 1;
      while (j < end && codes[j * depth + l] === c) j++;
      out.push([c, i, j]);
      i = j;
    }
    return out;
  };
  // Under a prefix only what follows it is shown.
  const leaf = (n, first) => { const li = make("li", "leaf"); li.append(make("code", "", idOf(n, first)), " ", items[n]); return li; };
  const more = (ul, list, from, draw) => {
    for (const entry of list.slice(from, from + PAGE)) ul.append(draw(entry));
    if (from + PAGE >= list.length) return;
    const li = make("li"), b = make("button", "", "Show more: " + count(from + PAGE) + " of " + count(list.length) + " shown");
    b.onclick = () => {
      li.remove();
      more(ul, list, from + PAGE, draw);
      // The keyboard goes on where the button was.
      const next = ul.children[from + PAGE], place = next.querySelector("summary, button") ?? next;
      if (place === next) next.tabIndex = -1;
      place.focus();
    };
    li.append(b); ul.append(li);
  };
  const fill = (ul, begin, end, l) => {
    if (l === depth || end - begin === 1) {
      more(ul, Array.from({ length: end - begin }, (_, i) => begin + i), 0, (n) => leaf(n, l));
      return;
    }
    more(ul, groups(begin, end, l), 0, ([c, i, j]) => {
      if (j - i === 1) return leaf(i, l);
      const li = make("li"), d = make("details"), s = make("summary"), inner = make("ul");
      s.append(make("code", "", token(l, c)), make("span", "n", count(j - i) + " items"), make("span", "ex", examples(i, j)));
      d.append(s, inner); li.append(d);
      d.addEventListener("toggle", () => { if (d.open && !inner.hasChildNodes()) fill(inner, i, j, l + 1); });
      return li;
    });
  };
  fill(document.getElementById("tree"), 0, items.length, 0);
  const hits = document.getElementById("hits");
  document.getElementById("find").addEventListener("input", (event) => {
    const text = event.target.value.trim().toLowerCase();
    hits.replaceChildren();
    if (text.length < 2) return;
    const byId = text.startsWith("<");
    const ul = make("ul");
    let found = 0;
    for (let n = 0; n < items.length; n++) {
      if (byId ? !idOf(n).startsWith(text) : !items[n].toLowerCase().includes(text)) continue;
      if (++found <= 50) ul.append(leaf(n, 0));
    }
    hits.append(make("p", "", found === 0 ? "Nothing found." : count(found) + " found" + (found > 50 ? ", the first 50:" : ":")), ul);
  });
})();
`;
