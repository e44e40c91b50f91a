import { checkTokenGrid, createTokenGrid } from "@dtok/core";
import type { StreamingCodec, TokenGrid } from "@dtok/core";
import { demand, runChecks } from "./result.js";
import type { Check, CheckResult } from "./result.js";

export interface StreamingCheckOptions<S> {
  /** Cuts a signal into consecutive pieces of `size` units (samples, frames), the last one shorter. */
  readonly split: (signal: S, size: number) => S[];
  /** Puts consecutive pieces together. */
  readonly join: (pieces: readonly S[]) => S;
  /** Largest difference of two signals' values; Infinity where their extents differ. */
  readonly difference: (a: S, b: S) => number;
  /** Sizes of pieces to try, in units of the signal; use odd ones. */
  readonly sizes: readonly number[];
  /** Largest difference that counts as equal. Default 1e-4. */
  readonly tolerance?: number;
}

interface Subject<S> {
  readonly codec: StreamingCodec<S>;
  readonly signal: S;
  readonly options: StreamingCheckOptions<S>;
}

/** Steps `from` to `to` of a grid's first axis. */
function steps(grid: TokenGrid, from: number, to: number): TokenGrid {
  const [time, ...rest] = grid.shape as [number, ...number[]];
  const perStep = time === 0 ? 0 : grid.codes.data.length / time;
  const data = grid.codes.data.slice(from * perStep, to * perStep);
  const [, codebooks] = grid.codes.shape;
  return createTokenGrid({
    ...grid,
    codes: { data, shape: [data.length / codebooks, codebooks] },
    shape: [to - from, ...rest],
  });
}

async function streamedCodes<S>({ codec, signal, options }: Subject<S>, size: number) {
  const stream = codec.encodeStream();
  const grids: TokenGrid[] = [];
  for (const piece of options.split(signal, size)) grids.push(...(await stream.push(piece)));
  grids.push(...(await stream.flush()));
  for (const grid of grids) checkTokenGrid(grid);
  return grids.flatMap(({ codes }) => Array.from(codes.data));
}

function checks<S>(): readonly Check<Subject<S>>[] {
  return [
    [
      "states its latency",
      ({ codec }) => {
        const { latencyMs } = codec;
        demand(Number.isFinite(latencyMs) && latencyMs >= 0, `latencyMs is ${latencyMs}`);
      },
    ],
    [
      "gives pieces of any size the tokens of the whole",
      async (subject) => {
        const whole = Array.from((await subject.codec.encode(subject.signal)).codes.data);
        for (const size of subject.options.sizes) {
          const codes = await streamedCodes(subject, size);
          demand(
            codes.length === whole.length,
            `pieces of ${size}: ${codes.length} codes instead of ${whole.length}`,
          );
          const wrong = codes.filter((code, i) => code !== whole[i]).length;
          demand(wrong === 0, `pieces of ${size}: ${wrong} of ${whole.length} codes differ`);
        }
      },
    ],
    [
      "gives tokens before the end",
      async ({ codec, signal, options }) => {
        const stream = codec.encodeStream();
        let early = 0;
        const size = Math.min(...options.sizes);
        for (const piece of options.split(signal, size)) {
          for (const { codes } of await stream.push(piece)) early += codes.data.length;
        }
        await stream.flush();
        demand(early > 0, "all tokens came with flush");
      },
    ],
    [
      "decodes tokens as they come to the signal of the whole",
      async ({ codec, signal, options }) => {
        const grid = await codec.encode(signal);
        const whole = await codec.decode(grid);
        const time = grid.shape[0] as number;
        for (const size of [1, 3, Math.max(1, time)]) {
          const stream = codec.decodeStream(grid.side);
          const pieces: S[] = [];
          for (let at = 0; at < time; at += size) {
            pieces.push(...(await stream.push(steps(grid, at, Math.min(time, at + size)))));
          }
          pieces.push(...(await stream.flush()));
          const found = options.difference(options.join(pieces), whole);
          demand(
            found <= (options.tolerance ?? 1e-4),
            `${size} steps at a time: differs by ${found}`,
          );
        }
      },
    ],
    [
      "keeps two streams apart",
      async (subject) => {
        const { codec, signal, options } = subject;
        const [a, b] = [codec.encodeStream(), codec.encodeStream()];
        const size = options.sizes[0] as number;
        const codes: number[][] = [[], []];
        for (const piece of options.split(signal, size)) {
          for (const [i, stream] of [a, b].entries()) {
            for (const grid of await stream.push(piece)) codes[i]?.push(...grid.codes.data);
          }
        }
        for (const [i, stream] of [a, b].entries()) {
          for (const grid of await stream.flush()) codes[i]?.push(...grid.codes.data);
        }
        demand(String(codes[0]) === String(codes[1]), "streams that run side by side differ");
        demand(
          String(codes[0]) === String(await streamedCodes(subject, size)),
          "a stream beside another differs from one alone",
        );
      },
    ],
    [
      "flushes a stream that took nothing",
      async ({ codec }) => {
        const grids = await codec.encodeStream().flush();
        demand(
          grids.every(({ codes }) => codes.data.length === 0),
          "tokens came from nothing",
        );
      },
    ],
  ];
}

/** Names of the checks, in order. */
export const streamingCheckNames: readonly string[] = checks().map(([name]) => name);

/**
 * What every causal tokenizer must do as a stream. `signal` should be some latencies long; the codec
 * stays open.
 */
export function checkStreamingCodec<S>(
  codec: StreamingCodec<S>,
  signal: S,
  options: StreamingCheckOptions<S>,
): Promise<CheckResult[]> {
  return runChecks(checks<S>(), { codec, signal, options });
}
