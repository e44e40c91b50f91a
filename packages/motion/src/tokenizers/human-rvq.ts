import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/motion/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "motion/human-rvq",
  "modality": "motion",
  "version": "0.1.0",
  "description": "Human motion, six codes of 512 per 0.2 s, coarse to fine (270 bits per second).",
  "quantizer": "rvq:6x512",
  "codebookSizes": [
    512,
    512,
    512,
    512,
    512,
    512
  ],
  "stride": [
    4
  ],
  "settings": {
    "bodies": [
      "human"
    ],
    "latent": 64,
    "encoderReach": 68,
    "decoderReach": 19
  },
  "files": {
    "encoder": {
      "path": "encoder.onnx",
      "bytes": 1055674,
      "sha256": "89c39db080a23998814528b733982a947cdeb22ce68374fff14f8791e121b7fc"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 1090017,
      "sha256": "4d5920ad3f254c7ab3c94b4508e8f75185c78635c9becc3002f22364c070e492"
    },
    "codebooks": {
      "path": "codebooks.safetensors",
      "bytes": 786520,
      "sha256": "de8db03a0ac6d5714c8aa0cf754f39b98f465a222b58ce8a9457a6ca4040b3df"
    }
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "CC-BY-SA-3.0",
    "data": "0 A.D. (Wildfire Games, CC-BY-SA-3.0), DeepMimic's motions in pybullet (MIT, Zlib), holosoma-retargeting (Apache-2.0), CMU Graphics Lab motion capture (free for all uses)"
  },
  "citation": "arXiv:2312.00063",
  "card": [
    {
      "metric": "foot skating of the original",
      "value": 0.1203,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "jitter of the original",
      "value": 65.17,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "MPJPE, roots aligned",
      "value": 60.5,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "MPJPE, global",
      "value": 215.9,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "velocity error",
      "value": 276.4,
      "unit": "mm/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "acceleration error",
      "value": 4.986,
      "unit": "m/s^2",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "foot skating",
      "value": 0.4552,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "jitter",
      "value": 125.5,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "Fréchet distance of the encoder's latents",
      "value": 1.018,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, roots aligned",
      "value": 92.26,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, global",
      "value": 404,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: velocity error",
      "value": 334,
      "unit": "mm/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: acceleration error",
      "value": 4.104,
      "unit": "m/s^2",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: foot skating",
      "value": 0.6363,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: jitter",
      "value": 125.1,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: Fréchet distance of the encoder's latents",
      "value": 2.983,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, roots aligned",
      "value": 75.27,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, global",
      "value": 167.8,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: velocity error",
      "value": 402.1,
      "unit": "mm/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: acceleration error",
      "value": 3.079,
      "unit": "m/s^2",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: foot skating",
      "value": 0.2596,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: jitter",
      "value": 4.249,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: Fréchet distance of the encoder's latents",
      "value": 16.71,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "share of the first codebook used",
      "value": 0.3789,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "foot skating of the original",
      "value": 0.1573,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "jitter of the original",
      "value": 97.83,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "MPJPE, roots aligned",
      "value": 100.9,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "MPJPE, global",
      "value": 261.9,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "velocity error",
      "value": 419.1,
      "unit": "mm/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "acceleration error",
      "value": 7.474,
      "unit": "m/s^2",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "foot skating",
      "value": 1.424,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "jitter",
      "value": 185,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "Fréchet distance of the encoder's latents",
      "value": 4.314,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, roots aligned",
      "value": 135.6,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, global",
      "value": 827.4,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: velocity error",
      "value": 441.2,
      "unit": "mm/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: acceleration error",
      "value": 6.077,
      "unit": "m/s^2",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: foot skating",
      "value": 0.5044,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: jitter",
      "value": 185.3,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: Fréchet distance of the encoder's latents",
      "value": 8.838,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, roots aligned",
      "value": 102.4,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, global",
      "value": 154.1,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: velocity error",
      "value": 476.3,
      "unit": "mm/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: acceleration error",
      "value": 4.777,
      "unit": "m/s^2",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: foot skating",
      "value": 0.3558,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: jitter",
      "value": 4.887,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: Fréchet distance of the encoder's latents",
      "value": 42.88,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "share of the first codebook used",
      "value": 0.1289,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "encoding, times real time",
      "value": 1250,
      "data": "31 s of boxing at 30 frames per second, one thread of an AMD EPYC shared with other work"
    },
    {
      "metric": "decoding, times real time",
      "value": 1698,
      "data": "31 s of boxing at 30 frames per second, one thread of an AMD EPYC shared with other work"
    },
    {
      "metric": "codes per second",
      "value": 30,
      "data": "by construction"
    }
  ]
} as const satisfies Manifest<"motion">;
