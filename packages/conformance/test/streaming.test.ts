import { createTokenGrid } from "@dtok/core";
import type { Stream, StreamingCodec, TokenGrid } from "@dtok/core";
import { checkStreamingCodec, streamingCheckNames } from "@dtok/conformance";
import { describe, expect, it } from "vitest";

/** A causal toy: each pair of numbers becomes their running sum's parity; faults are put over it. */
const PAIR = 2;
type Numbers = readonly number[];

function toy(faults: Partial<Record<"codes" | "late" | "decode" | "shared" | "flush", true>> = {}) {
  const grid = (codes: number[], side = {}): TokenGrid =>
    createTokenGrid({
      codes: { data: Int32Array.from(codes), shape: [codes.length, 1] },
      shape: [codes.length],
      codebookSizes: [2],
      side,
    });
  const common = { rest: [] as number[], sum: 0 };
  const encoder = (): Stream<Numbers, TokenGrid> => {
    const state = faults.shared ? common : { rest: [] as number[], sum: 0 };
    let held: TokenGrid[] = [];
    const take = (all: number[], pad: boolean): TokenGrid[] => {
      const codes: number[] = [];
      while (all.length >= (pad ? 1 : PAIR)) {
        state.sum += all.splice(0, PAIR).reduce((a, b) => a + b, 0);
        codes.push(Math.abs(state.sum) % 2);
      }
      return codes.length > 0 ? [grid(codes)] : [];
    };
    return {
      push: (piece) => {
        if (faults.codes) state.sum += 1;
        state.rest.push(...piece);
        const out = take(state.rest, false);
        if (!faults.late) return Promise.resolve(out);
        held.push(...out);
        return Promise.resolve([]);
      },
      flush: () => {
        const out = [...held, ...take(state.rest, true)];
        held = [];
        return Promise.resolve(faults.flush ? [...out, grid([0])] : out);
      },
    };
  };
  const codec = {
    latencyMs: faults.late ? Number.NaN : 0,
    encodeStream: encoder,
    decodeStream: (): Stream<TokenGrid, Numbers> => {
      let sum = 0;
      return {
        push: ({ codes }) =>
          Promise.resolve([
            Array.from(codes.data, (code) => (faults.decode ? code : (sum += code))),
          ]),
        flush: () => Promise.resolve([]),
      };
    },
    encode: (signal: Numbers) => {
      let sum = 0;
      const codes: number[] = [];
      for (let i = 0; i < signal.length; i += PAIR) {
        sum += (signal[i] as number) + (signal[i + 1] ?? 0);
        codes.push(sum % 2);
      }
      return Promise.resolve(grid(codes));
    },
    decode: ({ codes }: TokenGrid) => {
      let sum = 0;
      return Promise.resolve(Array.from(codes.data, (code) => (sum += code)));
    },
  };
  return codec as unknown as StreamingCodec<Numbers>;
}

const signal = Array.from({ length: 21 }, (_, i) => (i * i) % 7);
const options = {
  split: (all: Numbers, size: number) =>
    Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
      all.slice(i * size, (i + 1) * size),
    ),
  join: (pieces: readonly Numbers[]) => pieces.flat(),
  difference: (a: Numbers, b: Numbers) =>
    a.length === b.length ? Math.max(...a.map((v, i) => Math.abs(v - (b[i] as number)))) : Infinity,
  sizes: [1, 5, 21],
};

describe("checks of streams", () => {
  it("pass for a sound codec", async () => {
    const results = await checkStreamingCodec(toy(), signal, options);
    expect(results.filter(({ status }) => status !== "pass")).toEqual([]);
    expect(results.map(({ name }) => name)).toEqual(streamingCheckNames);
  });

  it.each([
    ["states its latency", "late"],
    ["gives tokens before the end", "late"],
    ["gives pieces of any size the tokens of the whole", "codes"],
    ["decodes tokens as they come to the signal of the whole", "decode"],
    ["keeps two streams apart", "shared"],
    ["flushes a stream that took nothing", "flush"],
  ] as const)("%s: can fail", async (name, fault) => {
    const results = await checkStreamingCodec(toy({ [fault]: true }), signal, options);
    expect(results.find((result) => result.name === name)?.status).toBe("fail");
  });
});
