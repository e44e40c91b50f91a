import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/recsys/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "recsys/movielens-small",
  "modality": "recsys",
  "version": "0.1.0",
  "description": "Films by text and by who watched them, 3 codes of 256 per film.",
  "quantizer": "rkmeans:3x256",
  "codebookSizes": [
    256,
    256,
    256
  ],
  "stride": [
    1
  ],
  "settings": {
    "dim": 832
  },
  "files": {
    "encoder": {
      "path": "encoder.onnx",
      "bytes": 1195890,
      "sha256": "4f0a56f041ac07ebe91e42b81961a586fa304d6d3e66429be88cad3727e8f7a5"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 1199091,
      "sha256": "5003e5c38c23aa51a6043363e5c4df7280ce93cc614ef1cf04d199360d0c270b"
    },
    "codebooks": {
      "path": "codebooks.safetensors",
      "bytes": 98384,
      "sha256": "403cfd73a558a0b955e9f1c2f484b0e36d6b3eef7450ea4ce56a38edf93dde3a"
    },
    "catalogue": {
      "path": "catalogue.safetensors",
      "bytes": 320016,
      "sha256": "ac45e35a0274128b2a9426a98e02ef090dab920fae4201604b2c73b438ff3865"
    }
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "As MovieLens: redistribution under the same conditions, no commercial use without permission",
    "data": "MovieLens, F. M. Harper and J. A. Konstan, doi 10.1145/2827872"
  },
  "citation": "arXiv:2305.05065",
  "card": [
    {
      "metric": "relative reconstruction error",
      "value": 0.3211,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "collision rate before suffixes",
      "value": 0.1668,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "largest group of one ID",
      "value": 21,
      "unit": "items",
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "collision rate with suffixes",
      "value": 0,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "codes used, level 1",
      "value": 1,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "entropy, level 1",
      "value": 7.884,
      "unit": "bits",
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "codes used, level 2",
      "value": 1,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "entropy, level 2",
      "value": 7.738,
      "unit": "bits",
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "codes used, level 3",
      "value": 1,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "entropy, level 3",
      "value": 7.682,
      "unit": "bits",
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "10 nearest neighbours in the same 1-code prefix",
      "value": 0.6154,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "the same of all films (chance)",
      "value": 0.004547,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "10 nearest neighbours in the same 2-code prefix",
      "value": 0.1242,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "the same of all films (chance)",
      "value": 0.0001809,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "10 nearest neighbours in the same 3-code prefix",
      "value": 0.0394,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "the same of all films (chance)",
      "value": 0.00005626,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "residual k-means 3x256, seed 1: relative reconstruction error",
      "value": 0.3122,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "residual k-means 3x256, seed 1: collision rate",
      "value": 0.278,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "residual k-means 3x256, seed 1: 10 nearest neighbours in the same 1-code prefix",
      "value": 0.6118,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "residual k-means 3x256, seed 1: 10 nearest neighbours in the same 2-code prefix",
      "value": 0.1684,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    },
    {
      "metric": "residual k-means 3x256, seed 1: 10 nearest neighbours in the same 3-code prefix",
      "value": 0.0764,
      "data": "MovieLens ml-latest-small of 2016 (9,066 films)"
    }
  ]
} as const satisfies Manifest<"recsys">;
