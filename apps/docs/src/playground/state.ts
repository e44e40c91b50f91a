/** What the playground holds and does; the components only show it. */
import { computed, ref, shallowRef } from "vue";
import { createClient } from "./client.js";
import type { Client } from "./client.js";
import type {
  Decoded,
  Encoded,
  Fact,
  Held,
  Media,
  Opened,
  Progress,
  RawSound,
} from "./protocol.js";
import { coloursOf, planeOf, sameAs, takes } from "./view.js";
import type { Sample, View } from "./view.js";

export type Tool = "pick" | "paint" | "swap" | "restore";
export interface Rival {
  readonly encoded: Encoded;
  readonly decoded: Decoded;
}

/** Strokes that can be undone. */
const HISTORY = 100;

/**
 * @param fetchSample bytes of a sample by its file's name
 */
export function createPlayground(
  views: readonly View[],
  makeWorker: () => Worker,
  fetchSample: (file: string) => Promise<Blob>,
) {
  const view = shallowRef<View | null>(null);
  const fileName = ref("");
  const facts = shallowRef<readonly Fact[]>([]);
  const note = ref("");
  const original = shallowRef<Media | null>(null);
  const hasOriginal = ref(false);
  const tokenizers = shallowRef<readonly string[]>([]);
  const tokenizer = ref("");
  const rivalName = ref("");
  const rival = shallowRef<Rival | null>(null);
  const encoded = shallowRef<Encoded | null>(null);
  const first = shallowRef<Int32Array>(new Int32Array());
  const codes = shallowRef<Int32Array>(new Int32Array());
  const decoded = shallowRef<Decoded | null>(null);
  const held = shallowRef<{ readonly at: number; readonly held: Held } | null>(null);
  /** Index of the code under the pointer or the keys. */
  const cursor = ref<number | null>(null);
  /** Codes of a whole position. */
  const brush = shallowRef<Int32Array | null>(null);
  const brushSize = ref(1);
  /** Paint all codebooks of a position at once. */
  const whole = ref(true);
  const tool = ref<Tool>("pick");
  const swapFrom = ref<number | null>(null);
  const level = ref<number | null>(null);
  /** Of a clip, and which codebook a plane shows. */
  const step = ref(0);
  const codebook = ref(0);
  const status = ref("");
  const failure = ref("");
  const busy = ref(false);
  const progress = shallowRef<Progress | null>(null);
  const history = shallowRef<readonly Int32Array[]>([]);
  const future = shallowRef<readonly Int32Array[]>([]);

  let client: Client | undefined;
  const ask = (): Client => {
    client ??= createClient(makeWorker(), (now) => (progress.value = now));
    return client;
  };

  async function guarded(doing: string, work: () => Promise<void>): Promise<void> {
    failure.value = "";
    busy.value = true;
    status.value = doing;
    try {
      await work();
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
      status.value = "";
    } finally {
      busy.value = false;
      progress.value = null;
    }
  }

  /** Only the newest of what is asked for while something is under way. */
  function latest(work: () => Promise<void>): () => Promise<void> {
    let running = false;
    let stale = false;
    return async () => {
      stale = true;
      if (running) return;
      running = true;
      try {
        while (stale) {
          stale = false;
          await work();
        }
      } finally {
        running = false;
      }
    };
  }

  function begin(opened: Opened, name: string): void {
    view.value = views.find(({ id }) => id === opened.modality)!;
    fileName.value = name;
    facts.value = opened.facts;
    note.value = opened.note ?? "";
    original.value = opened.media;
    tokenizers.value = opened.tokenizers;
    tokenizer.value = opened.tokenizers[0]!;
    rivalName.value = "";
    rival.value = null;
    encoded.value = null;
    decoded.value = null;
    held.value = null;
    step.value = 0;
    tool.value = "pick";
  }

  function take(made: Encoded): void {
    first.value = made.codes;
    codes.value = made.codes.slice();
    decoded.value = null;
    cursor.value = null;
    held.value = null;
    brush.value = null;
    swapFrom.value = null;
    history.value = [];
    future.value = [];
    level.value = made.levels?.to ?? null;
    codebook.value = 0;
    encoded.value = made;
  }

  async function openInput(modality: View, input: Blob | RawSound, name: string): Promise<void> {
    const opened = await ask().call("open", { modality: modality.id, name, input });
    begin(opened, name);
    hasOriginal.value = true;
    await encode();
  }

  async function encode(): Promise<void> {
    const made = await ask().call("encode", { slot: "main", tokenizer: tokenizer.value });
    take(made);
    await decodeNow();
    status.value = `${made.codes.length.toLocaleString("en")} tokens, made in ${made.milliseconds.toFixed(0)} ms.`;
  }

  async function decodeNow(): Promise<void> {
    const sent = codes.value;
    const result = await ask().call("decode", {
      slot: "main",
      codes: sent,
      level: level.value,
    });
    decoded.value = result;
    status.value = `${result.made[0]!.toUpperCase()}${result.made.slice(1)} in ${result.milliseconds.toFixed(0)} ms.`;
  }
  const redecode = latest(() => guarded("Decoding …", decodeNow));

  const describeNow = latest(async () => {
    const at = cursor.value;
    if (at === null || encoded.value === null) return;
    try {
      const found = await ask().call("describe", {
        slot: "main",
        codes: codes.value,
        at,
        level: level.value,
      });
      held.value = { at, held: found };
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
  });

  function point(at: number | null): void {
    if (at === cursor.value) return;
    cursor.value = at;
    if (at !== null) void describeNow();
  }

  const width = computed(() => encoded.value?.codebookSizes.length ?? 1);
  const plane = computed(() =>
    view.value && encoded.value
      ? planeOf(
          view.value.layout,
          encoded.value,
          step.value,
          Math.min(codebook.value, width.value - 1),
        )
      : null,
  );
  const colours = computed(() =>
    plane.value && encoded.value ? coloursOf(plane.value, codes.value, encoded.value) : null,
  );
  const same = computed(() =>
    // Not while painting: the outlines would hide what is painted.
    cursor.value === null || encoded.value === null || tool.value === "paint"
      ? []
      : sameAs(codes.value, cursor.value, width.value),
  );
  const edits = computed(() => {
    let sum = 0;
    for (let i = 0; i < codes.value.length; i++) if (codes.value[i] !== first.value[i]) sum++;
    return sum;
  });

  function set(next: Int32Array, stroke: boolean): void {
    if (!stroke) {
      history.value = [...history.value, codes.value].slice(-HISTORY);
      future.value = [];
    }
    codes.value = next;
    void redecode().then(describeNow);
  }

  /** Positions under a brush of some size around an index. */
  function under(at: number): number[] {
    const q = at % width.value;
    const shown = plane.value;
    if (!shown || brushSize.value === 1 || view.value?.layout === "table") return [at];
    const reach = Math.floor(brushSize.value / 2);
    const cell = shown.cell(at);
    const [row, column] = [Math.floor(cell / shown.columns), cell % shown.columns];
    const out: number[] = [];
    const rows = view.value?.layout === "panes" ? reach : 0;
    for (let y = row - rows; y <= row + rows; y++) {
      for (let x = column - reach; x <= column + reach; x++) {
        if (y < 0 || x < 0 || y >= shown.rows || x >= shown.columns) continue;
        const index = shown.at(y * shown.columns + x);
        if (index % width.value === q) out.push(index);
      }
    }
    return out;
  }

  /** Codes of each position that a stroke writes to. */
  function touched(at: number): number[] {
    if (!whole.value || width.value === 1) return [at];
    const from = at - (at % width.value);
    return Array.from({ length: width.value }, (_, q) => from + q);
  }

  function pick(at: number): void {
    const from = at - (at % width.value);
    brush.value = codes.value.slice(from, from + width.value);
  }

  /** What the tool does at an index: once a press, again (`stroke`) while the pointer is dragged. */
  function act(at: number, stroke = false): void {
    if (encoded.value === null) return;
    point(at);
    if (tool.value === "pick") {
      if (!stroke) pick(at);
      return;
    }
    if (tool.value === "swap") {
      if (stroke) return;
      if (swapFrom.value === null) {
        swapFrom.value = at;
        return;
      }
      const other = swapFrom.value;
      swapFrom.value = null;
      if (!whole.value && other % width.value !== at % width.value) {
        failure.value = "Codes of different codebooks cannot be swapped: choose two of one row.";
        return;
      }
      const next = codes.value.slice();
      const [a, b] = [touched(other), touched(at)];
      for (const [i, index] of a.entries()) {
        next[index] = codes.value[b[i]!]!;
        next[b[i]!] = codes.value[index]!;
      }
      set(next, false);
      return;
    }
    if (tool.value === "paint" && brush.value === null) {
      pick(at);
      return;
    }
    const next = codes.value.slice();
    let changed = false;
    for (const place of under(at)) {
      for (const index of touched(place)) {
        const value =
          tool.value === "restore" ? first.value[index]! : brush.value![index % width.value]!;
        if (next[index] !== value) changed = true;
        next[index] = value;
      }
    }
    if (changed) set(next, stroke && strokeOpen);
    if (changed) strokeOpen = true;
  }
  // A stroke's first change is what undoing goes back to.
  let strokeOpen = false;
  const beginStroke = () => (strokeOpen = false);

  /** One code by its number. */
  function setCode(at: number, code: number): void {
    const size = encoded.value!.codebookSizes[at % width.value]!;
    if (!Number.isInteger(code) || code < 0 || code >= size) {
      failure.value = `Codes of this codebook are whole numbers from 0 to ${size - 1}.`;
      return;
    }
    if (codes.value[at] === code) return;
    const next = codes.value.slice();
    next[at] = code;
    set(next, false);
  }

  function undo(): void {
    const before = history.value.at(-1);
    if (before === undefined) return;
    history.value = history.value.slice(0, -1);
    future.value = [...future.value, codes.value];
    codes.value = before;
    void redecode().then(describeNow);
  }
  function redo(): void {
    const after = future.value.at(-1);
    if (after === undefined) return;
    future.value = future.value.slice(0, -1);
    history.value = [...history.value, codes.value];
    codes.value = after;
    void redecode().then(describeNow);
  }

  async function compare(): Promise<void> {
    rival.value = null;
    if (rivalName.value === "") return;
    const made = await ask().call("encode", { slot: "rival", tokenizer: rivalName.value });
    const back = await ask().call("decode", {
      slot: "rival",
      codes: made.codes,
      level: made.levels?.to ?? null,
    });
    rival.value = { encoded: made, decoded: back };
    status.value = "Compared.";
  }

  async function openFile(file: Blob, name: string): Promise<void> {
    await guarded(`Reading ${name} …`, async () => {
      if (/\.safetensors$/i.test(name)) {
        const { encoded: made, ...opened } = await ask().call("restore", { name, input: file });
        begin(opened, name.replace(/(\.tokens)?\.safetensors$/i, ""));
        hasOriginal.value = false;
        take(made);
        await decodeNow();
        status.value = `${made.codes.length.toLocaleString("en")} tokens read from ${name}.`;
        return;
      }
      const found = views.find((one) => takes(one, name, file.type));
      if (found === undefined) {
        throw new Error(
          `${name} is of no kind that the playground takes: ${views.map((one) => `${one.title.toLowerCase()} (${one.takes})`).join("; ")}; or a token file (.tokens.safetensors).`,
        );
      }
      await openInput(found, (await found.prepare?.(file, name)) ?? file, name);
    });
  }

  return {
    views,
    view,
    fileName,
    facts,
    note,
    original,
    hasOriginal,
    tokenizers,
    tokenizer,
    rivalName,
    rival,
    encoded,
    codes,
    first,
    decoded,
    held,
    cursor,
    brush,
    brushSize,
    whole,
    tool,
    swapFrom,
    level,
    step,
    codebook,
    status,
    failure,
    busy,
    progress,
    history,
    future,
    width,
    plane,
    colours,
    same,
    edits,
    point,
    act,
    pick,
    beginStroke,
    setCode,
    undo,
    redo,
    openFile,
    openSample: (sample: Sample) =>
      guarded(`Fetching the sample ${sample.name} …`, async () => {
        const blob = await fetchSample(sample.file);
        const found = views.find(({ samples }) => samples.includes(sample))!;
        await openInput(found, (await found.prepare?.(blob, sample.file)) ?? blob, sample.file);
      }),
    openSound: (sound: RawSound, name: string) =>
      guarded("Reading the recording …", () =>
        openInput(
          views.find(({ id }) => id === "audio")!,
          sound,
          name,
        ),
      ),
    /** With another tokenizer. */
    encodeAgain: () =>
      guarded(`Encoding with ${tokenizer.value} …`, async () => {
        if (rivalName.value === tokenizer.value) {
          rivalName.value = "";
          rival.value = null;
        }
        await encode();
      }),
    compareNow: () => guarded(`Comparing with ${rivalName.value} …`, compare),
    setLevel(value: number): void {
      if (value === level.value) return;
      level.value = value;
      void redecode().then(describeNow);
    },
    reset(): void {
      if (edits.value > 0) set(first.value.slice(), false);
    },
    save: () => ask().call("save", { codes: codes.value }),
    fail(message: string): void {
      failure.value = message;
      status.value = "";
    },
    close: () => client?.close(),
  };
}
export type Playground = ReturnType<typeof createPlayground>;
