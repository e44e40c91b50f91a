/* The layouts by name, and tables of their places. */
import { ArgumentError } from "@dtok/core";
import { coarseToFine } from "./coarse-to-fine.js";
import { delay } from "./delay.js";
import { interleaved } from "./interleaved.js";
import { items } from "./items.js";
import type { SequenceLayout } from "./layout.js";
import { levelMajor } from "./level-major.js";
import { nextScale } from "./next-scale.js";
import { nodes } from "./nodes.js";
import { parallel } from "./parallel.js";
import { raster } from "./raster.js";
import { rowSeparated } from "./row-separated.js";
import { runLength } from "./run-length.js";
import { semanticAcoustic } from "./semantic-acoustic.js";
import { sequence } from "./sequence.js";
import { snac } from "./snac.js";

/** Largest number in a layout's parameters. */
const MOST = 65536;
/** Largest delay in steps, and most codes of a frame: their product with the codebooks is allocated. */
const MOST_STEPS = 1024;

interface Family {
  /** For messages and help. */
  readonly grammar: string;
  /** Of what is behind the colon, undefined where nothing is; undefined where it does not fit. */
  parse(parameters: string | undefined): SequenceLayout | undefined;
}

const plain = (layout: SequenceLayout): Family => ({
  grammar: layout.spec,
  parse: (parameters) => (parameters === undefined ? layout : undefined),
});

/** Whole numbers between separators; undefined where they are none or below `least`. */
function numbers(
  text: string | undefined,
  least: number,
  separator = ",",
  most = MOST,
): number[] | undefined {
  if (text === undefined || text.length > 4096) return undefined;
  const list = text.split(separator).map((part) => (/^\d{1,6}$/.test(part) ? Number(part) : -1));
  return list.every((n) => n >= least && n <= most) ? list : undefined;
}

const FAMILIES = {
  raster: plain(raster),
  interleaved: plain(interleaved),
  "level-major": plain(levelMajor),
  "row-separated": plain(rowSeparated),
  delay: {
    grammar: "delay or delay:<steps of each codebook>",
    parse(text) {
      if (text === undefined) return delay();
      const delays = numbers(text, 0, ",", MOST_STEPS);
      return delays && delay(delays);
    },
  },
  parallel: {
    grammar: "parallel:<codebooks of each stream, by +>[:<delay>]",
    parse(text) {
      const [first, late, ...more] = text?.split(":") ?? [];
      const streams = numbers(first, 1, "+", MOST_STEPS);
      const delays = late === undefined ? [0] : numbers(late, 0, ",", MOST_STEPS);
      if (!streams || delays?.length !== 1 || more.length > 0) return undefined;
      return parallel(streams, delays[0]);
    },
  },
  "coarse-to-fine": {
    grammar: "coarse-to-fine:<codebooks of each stage>",
    parse(text) {
      const stages = numbers(text, 1);
      return stages && coarseToFine(stages);
    },
  },
  "next-scale": {
    grammar: "next-scale:<side of each scale>",
    parse(text) {
      const sides = numbers(text, 1);
      // A pyramid beyond the default limit of positions is a mistake.
      if (!sides || sides.reduce((sum, side) => sum + side * side, 0) > 2 ** 20) return undefined;
      return nextScale(sides);
    },
  },
  snac: {
    grammar: "snac or snac:<codes per frame of each level>",
    parse(text) {
      if (text === undefined) return snac();
      const rates = numbers(text, 1);
      if (rates && rates.reduce((a, b) => a + b, 0) > MOST_STEPS) return undefined;
      return rates?.every((rate, l) => rate % (rates[l - 1] ?? 1) === 0) ? snac(rates) : undefined;
    },
  },
  "semantic-acoustic": {
    grammar: "semantic-acoustic:<semantic codebooks>[/<positions per chunk>]",
    parse(text) {
      const list = numbers(text, 1, "/");
      return list && list.length <= 2 ? semanticAcoustic(list[0]!, list[1]) : undefined;
    },
  },
  items: plain(items),
  nodes: plain(nodes),
  sequence: plain(sequence),
  "run-length": {
    grammar: "run-length:<longest duration>",
    parse(text) {
      const list = numbers(text, 1);
      return list?.length === 1 ? runLength(list[0]!) : undefined;
    },
  },
} as const satisfies Record<string, Family>;

export type SequenceLayoutName = keyof typeof FAMILIES;

/** A layout's name, with its parameters where it has some: "delay", "coarse-to-fine:4,8". */
export type SequenceLayoutSpec = SequenceLayoutName | `${SequenceLayoutName}:${string}`;

export const sequenceLayoutNames = Object.freeze(
  Object.keys(FAMILIES),
) as readonly SequenceLayoutName[];

/** How each layout is written, for help texts. */
export const sequenceLayoutGrammars: Readonly<Record<SequenceLayoutName, string>> = Object.freeze(
  Object.fromEntries(sequenceLayoutNames.map((name) => [name, FAMILIES[name].grammar])),
) as Record<SequenceLayoutName, string>;

/** @throws ArgumentError for a name that is none, or parameters that do not fit */
export function sequenceLayout(spec: string): SequenceLayout {
  const text = String(spec);
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  if (!Object.hasOwn(FAMILIES, name)) {
    throw new ArgumentError("layout", {
      expected: `one of ${sequenceLayoutNames.join(", ")}`,
      got: text.slice(0, 80),
      remedy: "Choose one of them.",
    });
  }
  const family: Family = FAMILIES[name as SequenceLayoutName];
  const layout = family.parse(colon < 0 ? undefined : text.slice(colon + 1));
  if (layout === undefined) {
    throw new ArgumentError("layout", {
      expected: family.grammar,
      got: text.slice(0, 80),
      remedy: "Give its parameters so.",
    });
  }
  return layout;
}
