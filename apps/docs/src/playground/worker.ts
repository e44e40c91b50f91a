/** Tokenizers off the main thread: nothing leaves the page. */
import { readTokenFile } from "@dtok/core";
import type { Coded, Engine, Report, Source } from "./engine.js";
import type { Calls, Request, Slot } from "./protocol.js";

/** A modality's code is fetched when it is first used. */
const ENGINES: Readonly<Record<string, () => Promise<{ readonly engine: Engine }>>> = {
  image: () => import("./modalities/image.js"),
  audio: () => import("./modalities/audio.js"),
  video: () => import("./modalities/video.js"),
  motion: () => import("./modalities/motion.js"),
  graph: () => import("./modalities/graph.js"),
  items: () => import("./modalities/items.js"),
};

let modality = "";
let source: Source | null = null;
const slots = new Map<Slot, Coded>();

let last = 0;
const report: Report = (says, done, total) => {
  const now = performance.now();
  if (done < total && now - last < 50) return;
  last = now;
  postMessage({ progress: { says, done, total } });
};

async function engineOf(id: string): Promise<Engine> {
  return (await ENGINES[id]!()).engine;
}
function coded(slot: Slot): Coded {
  const known = slots.get(slot);
  if (known === undefined) throw new Error("Nothing was encoded yet.");
  return known;
}

const calls: { [N in keyof Calls]: (args: Calls[N]["args"]) => Promise<Calls[N]["result"]> } = {
  async open({ modality: id, name, input }) {
    const engine = await engineOf(id);
    const read = await engine.read(input, name, report);
    // Only now: a file that cannot be read leaves what there was.
    modality = id;
    source = read;
    slots.clear();
    const { media, facts, tokenizers, note } = read;
    return { modality: id, media, facts, tokenizers, ...(note !== undefined && { note }) };
  },
  async restore({ name, input }) {
    const { grids, metadata } = readTokenFile(new Uint8Array(await input.arrayBuffer()));
    const [grid] = grids;
    if (grid === undefined || grids.length > 1) {
      throw new Error(
        `${name} holds ${grids.length} token grids; the playground takes files of one.`,
      );
    }
    for (const id of Object.keys(ENGINES)) {
      const engine = await engineOf(id);
      if (!engine.owns(grid, metadata)) continue;
      const made = await engine.restore(grid, metadata, report);
      modality = id;
      source = null;
      slots.clear();
      slots.set("main", made);
      return {
        modality: id,
        media: null,
        facts: [{ name: "File", value: name }],
        tokenizers: [made.encoded.tokenizer],
        encoded: made.encoded,
      };
    }
    throw new Error(
      `${name} holds tokens of ${grid.tokenizer ?? "a tokenizer that is not named"}, which the playground has no decoder of.`,
    );
  },
  async encode({ slot, tokenizer }) {
    if (source === null) {
      throw new Error("A token file has no original to encode anew: open the original.");
    }
    const made = await (await engineOf(modality)).encode(source.source, tokenizer, report);
    slots.set(slot, made);
    return made.encoded;
  },
  decode: ({ slot, codes, level }) => coded(slot).decode(codes, level),
  describe: ({ slot, codes, at, level }) => coded(slot).describe(codes, at, level),
  save: async ({ codes }) => coded("main").save(codes),
};

// One after the other: the sessions of a tokenizer take no two calls at once.
let tail: Promise<unknown> = Promise.resolve();
addEventListener("message", ({ data: { id, call, args } }: MessageEvent<Request>) => {
  const before = tail;
  tail = (async () => {
    await before;
    try {
      postMessage({ id, result: await calls[call](args as never) });
    } catch (error) {
      postMessage({ id, error: error instanceof Error ? error.message : String(error) });
    }
  })();
});
