import {
  ArgumentError,
  MismatchError,
  checkMatrix,
  checkTokenGrid,
  checkTokenizer,
  createTokenGrid,
  readSafetensors,
} from "@dtok/core";
import type {
  Codec,
  DecodeOptions,
  EncodeOptions,
  LoadContext,
  Manifest,
  Matrix,
  ModelSession,
  Tensor,
  TokenGrid,
} from "@dtok/core";
import { slicesOf } from "../catalogue/catalogue.js";
import { ResidualQuantizer } from "../quantizers/residual.js";
import type { ItemSignal } from "../signal.js";

/**
 * RQ-VAE (TIGER, arXiv 2305.05065): vectors of items -> encoder -> residual codebooks -> codes, and
 * back. A grid's positions are items, its codebooks the levels of their IDs. Two items may get the same
 * codes; a `Catalogue` over `latents` gives every item its own.
 */
export class ItemCodec implements Codec<ItemSignal> {
  private closed = false;

  private constructor(
    readonly manifest: Manifest<"recsys">,
    private readonly encoder: ModelSession,
    private readonly decoder: ModelSession,
    /** Latents to codes: what a `Catalogue` of this tokenizer quantizes by. */
    readonly quantizer: ResidualQuantizer,
    /** Width of item vectors. */
    readonly dim: number,
  ) {}

  static async load(
    manifest: Manifest<"recsys">,
    { runtime, readFile }: LoadContext,
  ): Promise<ItemCodec> {
    const [encoderBytes, decoderBytes, codebookBytes] = await Promise.all(
      ["encoder", "decoder", "codebooks"].map(readFile),
    );
    const codebook = readSafetensors(codebookBytes!).tensors.codebook;
    const quantizer = new ResidualQuantizer(codebook as Tensor<Float32Array>);
    const dim = manifest.settings.dim as number;
    if (quantizer.codebookSizes.join() !== manifest.codebookSizes.join() || !(dim >= 1)) {
      throw new MismatchError(`manifest of ${manifest.id}`, {
        expected: `codebook sizes ${quantizer.codebookSizes.join(", ")} and settings.dim`,
        got: `${manifest.codebookSizes.join(", ")}, dim ${dim}`,
        remedy: "Correct the manifest.",
      });
    }
    const encoder = await runtime.load(encoderBytes!);
    try {
      const decoder = await runtime.load(decoderBytes!);
      return new ItemCodec(manifest, encoder, decoder, quantizer, dim);
    } catch (error) {
      await encoder.close();
      throw error;
    }
  }

  /** Vectors [N, D] to what the quantizer codes, [N, latent]. */
  async latents(vectors: Matrix, options: EncodeOptions = {}): Promise<Matrix> {
    this.checkOpen();
    checkMatrix(vectors, this.dim, "vectors");
    return this.through(this.encoder, vectors, "vectors", "latents", this.quantizer.dim, options);
  }

  /** Codes of N items: a grid of shape [N]. */
  async encode(signal: ItemSignal, options: EncodeOptions = {}): Promise<TokenGrid> {
    options.signal?.throwIfAborted();
    const { vectors, ids } = checkSignal(signal);
    const latents = await this.latents(vectors, options);
    if (ids !== undefined && ids.length !== vectors.shape[0]) {
      throw new MismatchError("item signal", {
        expected: `${vectors.shape[0]} ids, one per vector`,
        got: String(ids.length),
        remedy: "Leave ids out, or name every item.",
      });
    }
    const codes = await this.quantizer.quantizeAsync(
      latents,
      options.signal ? { signal: options.signal } : {},
    );
    return createTokenGrid({
      codes,
      shape: [codes.shape[0]],
      codebookSizes: this.manifest.codebookSizes,
      tokenizer: this.manifest.id,
    });
  }

  /** Vectors that the codes stand for. */
  async decode(grid: TokenGrid, options: DecodeOptions = {}): Promise<ItemSignal> {
    this.checkOpen();
    options.signal?.throwIfAborted();
    checkTokenGrid(grid);
    checkTokenizer(grid, this.manifest.id, this.manifest.codebookSizes);
    const latents = this.quantizer.dequantize(grid.codes);
    return {
      vectors: await this.through(this.decoder, latents, "latents", "vectors", this.dim, options),
    };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.all([this.encoder.close(), this.decoder.close()]);
  }

  private async through(
    session: ModelSession,
    x: Matrix,
    input: string,
    output: string,
    width: number,
    { signal, onProgress }: EncodeOptions,
  ): Promise<Matrix> {
    const rows = x.shape[0];
    const data = new Float32Array(rows * width);
    if (rows === 0) return { data, shape: [0, width] };
    let done = 0;
    for (const part of slicesOf(x)) {
      signal?.throwIfAborted();
      const out = await session.run({ [input]: part });
      data.set(out[output]!.data as Float32Array, done * width);
      done += part.shape[0];
      onProgress?.(done, rows);
    }
    return { data, shape: [rows, width] };
  }

  private checkOpen(): void {
    if (!this.closed) return;
    throw new ArgumentError(this.manifest.id, {
      expected: "a tokenizer that is open",
      got: "one that was closed",
      remedy: "Load it again.",
    });
  }
}

function checkSignal(signal: ItemSignal): ItemSignal {
  if (typeof signal === "object" && signal !== null && typeof signal.vectors === "object")
    return signal;
  throw new ArgumentError("item signal", {
    expected: "{ vectors: { data: Float32Array, shape: [N, D] } }",
    got: signal === null || typeof signal !== "object" ? String(signal) : "no vectors",
    remedy: "Make vectors of your items first, for example by textFeatures.",
  });
}
