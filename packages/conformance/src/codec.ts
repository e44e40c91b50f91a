import {
  checkTokenGrid,
  createTokenGrid,
  isDtokError,
  loadTokenGrid,
  parseManifest,
  saveTokenGrid,
} from "@dtok/core";
import type { Codec, TokenGrid } from "@dtok/core";
import { demand, demandTyped, runChecks, skip } from "./result.js";
import type { Check, CheckResult } from "./result.js";

export interface CodecCheckOptions<S> {
  /** Tells whether a decoded signal has the extent (size, length, rate) of the original. */
  readonly sameExtent?: (original: S, decoded: S) => boolean;
  /** Largest share of codes that may differ where sums run in another order. Default 0.005. */
  readonly tolerance?: number;
}

interface Subject<S> {
  readonly codec: Codec<S>;
  readonly signals: readonly S[];
  readonly options: CodecCheckOptions<S>;
}

function sharedCodes(a: TokenGrid, b: TokenGrid): number {
  if (a.shape.join() !== b.shape.join()) return 0;
  const { length } = a.codes.data;
  if (length === 0) return 1;
  return a.codes.data.filter((code, i) => code === b.codes.data[i]).length / length;
}

function checks<S>(): readonly Check<Subject<S>>[] {
  return [
    [
      "has a manifest that parses",
      ({ codec }) => {
        parseManifest(JSON.parse(JSON.stringify(codec.manifest)) as object);
      },
    ],
    [
      "gives grids that are valid, as its manifest declares",
      async ({ codec, signals }) => {
        for (const signal of signals) {
          const grid = checkTokenGrid(await codec.encode(signal));
          const { codebookSizes, id } = codec.manifest;
          demand(
            grid.codebookSizes.join() === codebookSizes.join(),
            `codebook sizes ${grid.codebookSizes.join(", ")}`,
          );
          demand(
            grid.tokenizer === id,
            `the grid names ${String(grid.tokenizer)} instead of ${id}`,
          );
        }
      },
    ],
    [
      "gives the same codes twice",
      async ({ codec, signals }) => {
        for (const signal of signals) {
          const [a, b] = [await codec.encode(signal), await codec.encode(signal)];
          demand(sharedCodes(a, b) === 1, "the second run differs");
        }
      },
    ],
    [
      "decodes to the extent of the original",
      async ({ codec, signals, options: { sameExtent } }) => {
        if (!sameExtent) skip("no sameExtent was given");
        for (const signal of signals) {
          demand(
            sameExtent(signal, await codec.decode(await codec.encode(signal))),
            "the extent differs",
          );
        }
      },
    ],
    [
      "decodes what was saved and loaded",
      async ({ codec, signals }) => {
        for (const signal of signals) {
          const grid = await codec.encode(signal);
          const again = loadTokenGrid(saveTokenGrid(grid));
          demand(sharedCodes(grid, again) === 1, "the file changed the codes");
          await codec.decode(again);
        }
      },
    ],
    [
      "gives a batch what it gives its parts",
      async ({ codec, signals, options: { tolerance = 0.005 } }) => {
        if (!codec.encodeBatch) skip("has no encodeBatch");
        const grids = await codec.encodeBatch(signals);
        demand(
          grids.length === signals.length,
          `${grids.length} grids of ${signals.length} signals`,
        );
        for (const [i, signal] of signals.entries()) {
          const share = sharedCodes(grids[i] as TokenGrid, await codec.encode(signal));
          demand(
            share >= 1 - tolerance,
            `signal ${i}: ${((1 - share) * 100).toFixed(2)} % of the codes differ`,
          );
        }
      },
    ],
    [
      "refuses another tokenizer's grid and codes out of range",
      async ({ codec, signals }) => {
        const grid = await codec.encode(signals[0] as S);
        await demandTyped(
          () => codec.decode({ ...grid, tokenizer: "nobody/nothing" }),
          isDtokError,
          "another tokenizer's grid",
        );
        const data = grid.codes.data.slice();
        data[0] = grid.codebookSizes[0] as number;
        const codes = { data, shape: grid.codes.shape };
        await demandTyped(
          () => codec.decode({ ...grid, codes }),
          isDtokError,
          "a code out of range",
        );
        const other = createTokenGrid({
          codes: { data: new Int32Array(1), shape: [1, 1] },
          shape: [1],
          codebookSizes: [2],
        });
        await demandTyped(() => codec.decode(other), isDtokError, "a grid of other codebooks");
      },
    ],
    [
      "refuses what is no signal and what is no grid by typed errors",
      async ({ codec }) => {
        for (const value of [undefined, null, 7, {}]) {
          await demandTyped(() => codec.decode(value as never), isDtokError, `${value} as a grid`);
        }
        for (const value of [undefined, null, 7, {}]) {
          await demandTyped(() => codec.encode(value as S), isDtokError, String(value));
        }
      },
    ],
    [
      "stops when asked to",
      async ({ codec, signals }) => {
        const stop = new AbortController();
        stop.abort();
        const error = await codec.encode(signals[0] as S, { signal: stop.signal }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        demand(error !== undefined, "an aborted signal was ignored");
      },
    ],
    [
      "closes twice without complaint, and then refuses work",
      async ({ codec, signals }) => {
        await codec.close();
        await codec.close();
        await demandTyped(() => codec.encode(signals[0] as S), isDtokError, "work after close");
      },
    ],
  ];
}

/** Names of the checks, in order. */
export const codecCheckNames: readonly string[] = checks().map(([name]) => name);

/** What every tokenizer must do. The codec is closed by the last check. */
export function checkCodec<S>(
  codec: Codec<S>,
  signals: readonly S[],
  options: CodecCheckOptions<S> = {},
): Promise<CheckResult[]> {
  return runChecks(checks<S>(), { codec, signals, options });
}
