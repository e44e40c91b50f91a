import {
  createQuantizer,
  createRandom,
  fitQuantizer,
  fsq,
  isDtokError,
  quantizerFamilies,
} from "@dtok/core";
import type { Codec, Codes, Matrix, Quantizer, TokenGrid } from "@dtok/core";
import {
  checkCodec,
  checkQuantizer,
  codecCheckNames,
  quantizerCheckNames,
} from "@dtok/conformance";
import { describe, expect, it } from "vitest";

const failures = (results: { status: string; name: string; reason?: string }[]) =>
  results.filter(({ status }) => status === "fail").map(({ name, reason }) => `${name}: ${reason}`);

describe("core's quantizers that need no fitting", () => {
  it.each([
    "fsq:8,5,5,5",
    "fsq-atanh:8,8,8,6,5",
    "fsq-clamped:7,5,5",
    "lfq:18",
    "lfq:40",
    "bsq:36",
  ])("%s passes", async (spec) => {
    const results = await checkQuantizer(createQuantizer(spec));
    expect(failures(results)).toEqual([]);
    expect(results.map(({ name }) => name)).toEqual(quantizerCheckNames);
  });
});

describe("core's quantizers that are fitted", () => {
  const vectors: Matrix = {
    data: createRandom(3).fillNormal(new Float32Array(1200 * 8)),
    shape: [1200, 8],
  };
  /** One spec of each kind. A family that is not named here fails the first test. */
  const specs: Readonly<Record<string, string>> = {
    vq: "vq:16",
    "vq-cos": "vq-cos:16",
    "vq-hyp": "vq-hyp:16",
    rvq: "rvq:3x16",
    ervq: "ervq:3x16",
    irvq: "irvq:3x16,beam=4",
    prvq: "prvq:3x16,dim=4",
    "group-rvq": "group-rvq:2x3x16",
    "ms-rvq": "ms-rvq:16,map=2x2,scales=1-2",
    cq: "cq:3x16",
    pq: "pq:4x16",
    opq: "opq+pq:4x16",
    lopq: "lopq:4,4x16",
    vaq: "vaq:4x16",
    rvpq: "rvpq:2x2x16",
    "online-pq": "online-pq:4x16",
    aq: "aq:3x16",
    lsq: "lsq:3x16",
    kmeans: "kmeans:16",
  };

  it("are all here", () => {
    const fitted = quantizerFamilies.filter(({ create }) => !create).map(({ kind }) => kind);
    expect(Object.keys(specs).sort()).toEqual(fitted.sort());
  });

  it.each(Object.values(specs))("%s passes", async (spec) => {
    const quantizer = await fitQuantizer(spec, vectors, { iterations: 5, seed: 1 });
    expect(failures(await checkQuantizer(quantizer))).toEqual([]);
  });

  it("rpq:2x64,4, which needs a width of its input, passes", async () => {
    expect(failures(await checkQuantizer(createQuantizer("rpq:2x64,4", { dim: 8 })))).toEqual([]);
  });
});

/** A quantizer with one fault put over a sound one. */
function broken(fault: Partial<Quantizer>): Quantizer {
  const sound = fsq([7, 5, 5], "clamped");
  return {
    kind: sound.kind,
    spec: sound.spec,
    dim: sound.dim,
    codebookSizes: sound.codebookSizes,
    idempotent: true,
    prefixDecodable: sound.prefixDecodable,
    quantize: (latents) => sound.quantize(latents),
    quantizeAsync: (latents) => sound.quantizeAsync(latents),
    dequantize: (codes, options) => sound.dequantize(codes, options),
    toState: () => sound.toState(),
    ...fault,
  };
}

describe("each quantizer check can fail", () => {
  const sound = fsq([7, 5, 5], "clamped");
  let calls = 0;
  const faults: Record<string, Partial<Quantizer>> = {
    "declares a dimension and codebook sizes that make sense": { codebookSizes: [0] },
    "gives codes [N, Q] in range": {
      quantize: (x: Matrix) => ({ ...sound.quantize(x), data: sound.quantize(x).data.fill(999) }),
    },
    "gives vectors [N, D] of finite numbers": {
      dequantize: (c: Codes) => {
        const out = sound.dequantize(c);
        out.data.fill(Number.NaN);
        return out;
      },
    },
    "gives the same codes twice, and does not touch its input": {
      quantize: (x: Matrix) => {
        const codes = sound.quantize(x);
        if (codes.data.length > 0) codes.data[0] = calls++ % 7;
        return codes;
      },
    },
    "gives a batch what it gives its rows": {
      quantize: (x: Matrix) => {
        const codes = sound.quantize(x);
        if (x.shape[0] === 7) codes.data[0] = (codes.data[0] as number) ^ 1;
        return codes;
      },
    },
    "quantizeAsync agrees with quantize": {
      quantizeAsync: (x: Matrix) =>
        Promise.resolve({ ...sound.quantize(x), data: sound.quantize(x).data.fill(0) }),
    },
    "takes no vectors and no codes": {
      quantize: (x: Matrix) => {
        if (x.data.length === 0) throw new Error("empty");
        return sound.quantize(x);
      },
    },
    "quantize(dequantize(c)) = c, where declared": {
      dequantize: (c: Codes) => {
        const out = sound.dequantize(c);
        out.data.fill(0);
        return out;
      },
    },
    "any prefix of levels decodes, where declared": {
      prefixDecodable: true,
      dequantize: (c: Codes, options?: { levels?: number }) => {
        if (options?.levels !== undefined) throw new Error("no prefixes here");
        return sound.dequantize(c);
      },
    },
    "comes back from its saved state with the same codes and vectors": {
      toState: () => fsq([5, 7, 5], "clamped").toState(),
    },
    "refuses NaN, infinity and wrong shapes by typed errors": {
      quantize: (x: Matrix) => {
        try {
          return sound.quantize(x);
        } catch (error) {
          if (isDtokError(error)) return { data: new Int32Array(1), shape: [1, 1] };
          throw error;
        }
      },
    },
    "refuses codes out of range by typed errors": {
      dequantize: (c: Codes) =>
        sound.dequantize({ ...c, data: c.data.map((v) => Math.abs(v) % 175) }),
    },
  };

  it.each(quantizerCheckNames)("%s", async (name) => {
    const results = await checkQuantizer(broken(faults[name] as Partial<Quantizer>));
    expect(results.find((result) => result.name === name)?.status).toBe("fail");
  });
});

describe("a codec that lies is found out", () => {
  it("by each of the checks that its lies concern", async () => {
    const grid = (sizes: number[]): TokenGrid => ({
      codes: {
        data: Int32Array.of(Math.floor(Math.random() * 2 ** 20) % (sizes[0] as number)),
        shape: [1, 1],
      },
      shape: [1],
      codebookSizes: sizes,
      side: {},
    });
    const liar = {
      manifest: { id: "audio/liar", codebookSizes: [4] },
      encode: () => Promise.resolve(grid([1 << 20])),
      encodeBatch: () => Promise.resolve([]),
      decode: () => Promise.resolve(0),
      close: () => Promise.resolve(),
    } as unknown as Codec<number>;
    const results = await checkCodec(liar, [1, 2], { sameExtent: (a, b) => a === b });
    const failed = results.filter(({ status }) => status === "fail").map(({ name }) => name);
    expect(failed).toEqual(
      codecCheckNames.filter((name) => name !== "decodes what was saved and loaded"),
    );
  });
});
