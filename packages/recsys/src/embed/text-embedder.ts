/*
 * Vectors of texts by any text-embedding ONNX model that a manifest describes: a Hugging Face
 * tokenizer.json, a transformer with the usual inputs (input_ids, attention_mask, token_type_ids), and
 * pooling over its tokens as Sentence-BERT does it (Reimers, Gurevych, arXiv 1908.10084, section 3).
 */
import { ArgumentError, FormatError, LimitError, MismatchError } from "@dtok/core";
import type {
  EncodeOptions,
  LoadContext,
  Manifest,
  Matrix,
  ModelSession,
  Tensor,
} from "@dtok/core";

/** `settings` of a manifest of modality "text-embedding". */
export interface TextEmbeddingSettings {
  /** D. */
  readonly dim: number;
  /** Longest text in tokens, the special ones counted; longer ones are cut. */
  readonly maxTokens: number;
  /**
   * "mean" over the tokens' vectors, "cls" for the first one's (both of an output [n, T, D]), "none" for
   * a graph that pools itself, [n, D]. Default "mean".
   */
  readonly pooling?: "mean" | "cls" | "none";
  /** Rows of length 1. Default true. */
  readonly normalise?: boolean;
  /** Output of the graph. Default: its first. */
  readonly output?: string;
  /** Token that fills up shorter texts of a batch. Default 0. */
  readonly padId?: number;
  /** Put before every text, such as "passage: ". Default "". */
  readonly prefix?: string;
}

/** The part of `Tokenizer` of @huggingface/tokenizers that is needed. */
interface Encoder {
  encode(text: string): { ids: number[] };
}

/** Texts of a batch; they are sorted by length first, so that little is filled up. */
const BATCH = 32;
const INPUTS = ["input_ids", "attention_mask", "token_type_ids"];
/** Characters of a text that are read; no model's window is longer. */
const MAX_CHARACTERS = 1 << 20;

/** Texts to vectors. Made by `openTextEmbedder`, or by `load` from files of your own. */
export class TextEmbedder {
  private closed = false;

  private constructor(
    readonly manifest: Manifest,
    private readonly settings: Required<Omit<TextEmbeddingSettings, "output">>,
    private readonly output: string,
    private readonly session: ModelSession,
    private readonly tokenizer: Encoder,
    /** Special tokens that end every text. */
    private readonly ending: readonly number[],
  ) {}

  /** D. */
  get dim(): number {
    return this.settings.dim;
  }

  /**
   * @param manifest of modality "text-embedding", with files "model" (ONNX) and "tokenizer"
   *   (tokenizer.json) and `TextEmbeddingSettings`
   * @throws FormatError, MismatchError for settings, a tokenizer or a graph that do not fit each other
   */
  static async load(manifest: Manifest, context: LoadContext): Promise<TextEmbedder> {
    const { runtime, readFile } = context;
    const settings = checkSettings(manifest);
    const tokenizer = await tokenizerOf(await readFile("tokenizer"), manifest.id);
    const session = await runtime.load(await readFile("model"));
    try {
      const unknown = session.inputs.find(({ name }) => !INPUTS.includes(name));
      const names = session.outputs.map(({ name }) => name);
      const output = (manifest.settings.output as string | undefined) ?? names[0];
      if (unknown !== undefined || output === undefined || !names.includes(output)) {
        throw new MismatchError(`model of ${manifest.id}`, {
          expected: `inputs of ${INPUTS.join(", ")}, and an output ${output ?? ""}`,
          got: `inputs ${session.inputs.map(({ name }) => name).join(", ")}, outputs ${names.join(", ")}`,
          remedy: "Export the transformer for feature extraction, or correct settings.output.",
        });
      }
      const empty = tokenizer.encode("").ids;
      return new TextEmbedder(manifest, settings, output, session, tokenizer, empty.slice(-1));
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Vectors [N, D] of N texts; a text that is cut loses its end. */
  async embed(texts: readonly string[], options: EncodeOptions = {}): Promise<Matrix> {
    if (this.closed) {
      throw new ArgumentError(this.manifest.id, {
        expected: "a model that is open",
        got: "one that was closed",
        remedy: "Open it again.",
      });
    }
    const { dim, maxTokens, prefix } = this.settings;
    const tokens = texts.map((text, n) => {
      if (typeof text !== "string") {
        throw new ArgumentError(`text ${n}`, {
          expected: "a string",
          got: text === null ? "null" : typeof text,
          remedy: 'Give items without a text "".',
        });
      }
      const { ids } = this.tokenizer.encode((prefix + text).slice(0, MAX_CHARACTERS));
      if (ids.length <= maxTokens) return ids;
      return [...ids.slice(0, maxTokens - this.ending.length), ...this.ending];
    });
    const order = [...tokens.keys()].toSorted((a, b) => tokens[a]!.length - tokens[b]!.length);
    const data = new Float32Array(texts.length * dim);
    for (let at = 0; at < order.length; at += BATCH) {
      options.signal?.throwIfAborted();
      const rows = order.slice(at, at + BATCH);
      await this.batch(
        rows.map((n) => tokens[n]!),
        rows,
        data,
      );
      options.onProgress?.(Math.min(order.length, at + BATCH), order.length);
    }
    return { data, shape: [texts.length, dim] };
  }

  private async batch(tokens: readonly number[][], rows: readonly number[], out: Float32Array) {
    const { dim, padId, pooling, normalise } = this.settings;
    const length = Math.max(1, ...tokens.map((ids) => ids.length));
    const shape = [tokens.length, length];
    const ids = new BigInt64Array(tokens.length * length).fill(BigInt(padId));
    const mask = new BigInt64Array(tokens.length * length);
    for (const [i, list] of tokens.entries()) {
      for (const [t, id] of list.entries()) {
        ids[i * length + t] = BigInt(id);
        mask[i * length + t] = 1n;
      }
    }
    const all: Record<string, Tensor> = {
      input_ids: { data: ids, shape },
      attention_mask: { data: mask, shape },
      token_type_ids: { data: new BigInt64Array(ids.length), shape },
    };
    const feeds = Object.fromEntries(this.session.inputs.map(({ name }) => [name, all[name]!]));
    const result = (await this.session.run(feeds, [this.output]))[this.output]!;
    const wanted = pooling === "none" ? [tokens.length, dim] : [...shape, dim];
    if (!(result.data instanceof Float32Array) || result.shape.join() !== wanted.join()) {
      throw new MismatchError(`output ${this.output} of ${this.manifest.id}`, {
        expected: `float32 [${wanted.join(", ")}]`,
        got: `[${result.shape.join(", ")}]`,
        remedy: "Correct settings.dim, settings.pooling or settings.output.",
      });
    }
    for (const [i, list] of tokens.entries()) {
      const row = out.subarray(rows[i]! * dim, (rows[i]! + 1) * dim);
      const from = i * (pooling === "none" ? 1 : length) * dim;
      const count = pooling === "mean" ? Math.max(1, list.length) : 1;
      for (let t = 0; t < count; t++) {
        for (let d = 0; d < dim; d++) row[d]! += result.data[from + t * dim + d]! / count;
      }
      const norm = normalise ? Math.hypot(...row) : 1;
      if (norm > 0) for (let d = 0; d < dim; d++) row[d]! /= norm;
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.session.close();
  }
}

function checkSettings(manifest: Manifest) {
  const { dim, maxTokens, pooling, normalise, output, padId, prefix } =
    manifest.settings as Partial<TextEmbeddingSettings>;
  const whole = (value: unknown, low: number, high: number) =>
    Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high;
  const good =
    manifest.modality === "text-embedding" &&
    whole(dim, 1, 65_536) &&
    whole(maxTokens, 2, 1 << 20) &&
    [undefined, "mean", "cls", "none"].includes(pooling) &&
    [undefined, "boolean"].includes(normalise === undefined ? undefined : typeof normalise) &&
    (output === undefined || typeof output === "string") &&
    (padId === undefined || whole(padId, 0, 2 ** 31)) &&
    (prefix === undefined || typeof prefix === "string");
  if (!good) {
    throw new FormatError(`manifest of ${manifest.id}`, {
      expected:
        'modality "text-embedding" and settings dim, maxTokens, pooling (mean, cls, none), normalise, output, padId, prefix',
      got: `${manifest.modality}, ${JSON.stringify(manifest.settings).slice(0, 200)}`,
      remedy: "Correct the manifest.",
    });
  }
  return {
    dim: dim as number,
    maxTokens: maxTokens as number,
    pooling: pooling ?? ("mean" as const),
    normalise: normalise ?? true,
    padId: padId ?? 0,
    prefix: prefix ?? "",
  };
}

async function tokenizerOf(bytes: Uint8Array, id: string): Promise<Encoder> {
  if (bytes.length > 64 * 2 ** 20) {
    throw new LimitError(`tokenizer of ${id}`, {
      expected: "at most 64 MiB",
      got: `${bytes.length} bytes`,
      remedy: "Use the model's own tokenizer.json.",
    });
  }
  // Loaded here, so that whoever embeds no texts does not carry it.
  const { Tokenizer } = await import("@huggingface/tokenizers");
  try {
    const json = JSON.parse(new TextDecoder().decode(bytes)) as object;
    const tokenizer = new Tokenizer(json, {});
    tokenizer.encode("probe");
    return tokenizer;
  } catch (cause) {
    throw new FormatError(`tokenizer of ${id}`, {
      expected: "a tokenizer.json of Hugging Face",
      got: (cause as Error).message.slice(0, 120),
      remedy: "Use the model's own tokenizer.json.",
      cause,
    });
  }
}
