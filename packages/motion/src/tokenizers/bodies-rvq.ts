import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/motion/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "motion/bodies-rvq",
  "modality": "motion",
  "version": "0.1.0",
  "description": "Motion of people and four-legged animals over shared codes, four of 512 per 0.2 s (180 bits per second).",
  "quantizer": "rvq:4x512",
  "codebookSizes": [
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
      "human",
      "quadruped"
    ],
    "latent": 64,
    "encoderReach": 68,
    "decoderReach": 19
  },
  "files": {
    "encoder": {
      "path": "encoder.onnx",
      "bytes": 1163805,
      "sha256": "a5b7ab9af9c030ede9d35bb43e4a9dee9c581603d107111e4aaf1ed38a04eb62"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 1198174,
      "sha256": "ded21c8ff615b024562dc03db0098b52b7130814c69ca1768eded4a175208064"
    },
    "codebooks": {
      "path": "codebooks.safetensors",
      "bytes": 524376,
      "sha256": "b94a60004c8dd53459a1725d454355b82290f897c50d390138a2978583e35ae2"
    }
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "CC-BY-SA-3.0",
    "data": "0 A.D. (Wildfire Games, CC-BY-SA-3.0), DeepMimic's motions in pybullet (MIT, Zlib), holosoma-retargeting (Apache-2.0), CMU Graphics Lab motion capture (free for all uses)"
  },
  "citation": "arXiv:2410.16623",
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
      "value": 95.06,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "MPJPE, global",
      "value": 308.8,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "velocity error",
      "value": 352.8,
      "unit": "mm/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "acceleration error",
      "value": 5.725,
      "unit": "m/s^2",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "foot skating",
      "value": 0.4274,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "jitter",
      "value": 149.6,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "Fréchet distance of the encoder's latents",
      "value": 2.26,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, roots aligned",
      "value": 136.8,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, global",
      "value": 1079,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: velocity error",
      "value": 485.4,
      "unit": "mm/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: acceleration error",
      "value": 4.437,
      "unit": "m/s^2",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: foot skating",
      "value": 0.3605,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: jitter",
      "value": 130.9,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: Fréchet distance of the encoder's latents",
      "value": 12.37,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, roots aligned",
      "value": 82.9,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, global",
      "value": 193.8,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: velocity error",
      "value": 409.6,
      "unit": "mm/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: acceleration error",
      "value": 3.015,
      "unit": "m/s^2",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: foot skating",
      "value": 0.1034,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: jitter",
      "value": 1.559,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: Fréchet distance of the encoder's latents",
      "value": 29.69,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "share of the first codebook used",
      "value": 0.293,
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
      "value": 113.2,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "MPJPE, global",
      "value": 191.9,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "velocity error",
      "value": 479.6,
      "unit": "mm/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "acceleration error",
      "value": 8.354,
      "unit": "m/s^2",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "foot skating",
      "value": 0.8993,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "jitter",
      "value": 220.3,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "Fréchet distance of the encoder's latents",
      "value": 9.545,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, roots aligned",
      "value": 221.2,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, global",
      "value": 2757,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: velocity error",
      "value": 614.7,
      "unit": "mm/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: acceleration error",
      "value": 6.991,
      "unit": "m/s^2",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: foot skating",
      "value": 0.3089,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: jitter",
      "value": 186.5,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: Fréchet distance of the encoder's latents",
      "value": 28.4,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, roots aligned",
      "value": 117.4,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, global",
      "value": 211.4,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: velocity error",
      "value": 482,
      "unit": "mm/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: acceleration error",
      "value": 4.758,
      "unit": "m/s^2",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: foot skating",
      "value": 0.2705,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: jitter",
      "value": 2.144,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: Fréchet distance of the encoder's latents",
      "value": 63.74,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "share of the first codebook used",
      "value": 0.1133,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "foot skating of the original",
      "value": 0.1436,
      "unit": "m/s",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "jitter of the original",
      "value": 56.05,
      "unit": "m/s^3",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "MPJPE, roots aligned",
      "value": 70.7,
      "unit": "mm",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "MPJPE, global",
      "value": 103.7,
      "unit": "mm",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "velocity error",
      "value": 215.5,
      "unit": "mm/s",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "acceleration error",
      "value": 4.264,
      "unit": "m/s^2",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "foot skating",
      "value": 0.4102,
      "unit": "m/s",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "jitter",
      "value": 101.8,
      "unit": "m/s^3",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "Fréchet distance of the encoder's latents",
      "value": 1.471,
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, roots aligned",
      "value": 224.7,
      "unit": "mm",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, global",
      "value": 428,
      "unit": "mm",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "PCA at equal bits: velocity error",
      "value": 351.1,
      "unit": "mm/s",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "PCA at equal bits: acceleration error",
      "value": 3.848,
      "unit": "m/s^2",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "PCA at equal bits: foot skating",
      "value": 0.3341,
      "unit": "m/s",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "PCA at equal bits: jitter",
      "value": 126.4,
      "unit": "m/s^3",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "PCA at equal bits: Fréchet distance of the encoder's latents",
      "value": 33.43,
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, roots aligned",
      "value": 113.1,
      "unit": "mm",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, global",
      "value": 148.9,
      "unit": "mm",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "key frames at equal bits: velocity error",
      "value": 256.5,
      "unit": "mm/s",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "key frames at equal bits: acceleration error",
      "value": 2.183,
      "unit": "m/s^2",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "key frames at equal bits: foot skating",
      "value": 0.02402,
      "unit": "m/s",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "key frames at equal bits: jitter",
      "value": 0.2126,
      "unit": "m/s^3",
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "key frames at equal bits: Fréchet distance of the encoder's latents",
      "value": 16.13,
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "share of the first codebook used",
      "value": 0.1328,
      "data": "21 held-out clips, quadruped, 57 s"
    },
    {
      "metric": "foot skating of the original",
      "value": 0.162,
      "unit": "m/s",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "jitter of the original",
      "value": 39.92,
      "unit": "m/s^3",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "MPJPE, roots aligned",
      "value": 52.58,
      "unit": "mm",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "MPJPE, global",
      "value": 71.27,
      "unit": "mm",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "velocity error",
      "value": 246.5,
      "unit": "mm/s",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "acceleration error",
      "value": 4.157,
      "unit": "m/s^2",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "foot skating",
      "value": 0.257,
      "unit": "m/s",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "jitter",
      "value": 100.8,
      "unit": "m/s^3",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "Fréchet distance of the encoder's latents",
      "value": 1.899,
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, roots aligned",
      "value": 130.1,
      "unit": "mm",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, global",
      "value": 378.1,
      "unit": "mm",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "PCA at equal bits: velocity error",
      "value": 367.6,
      "unit": "mm/s",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "PCA at equal bits: acceleration error",
      "value": 3.834,
      "unit": "m/s^2",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "PCA at equal bits: foot skating",
      "value": 0.2318,
      "unit": "m/s",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "PCA at equal bits: jitter",
      "value": 110.1,
      "unit": "m/s^3",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "PCA at equal bits: Fréchet distance of the encoder's latents",
      "value": 54.63,
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, roots aligned",
      "value": 78.84,
      "unit": "mm",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, global",
      "value": 184.1,
      "unit": "mm",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "key frames at equal bits: velocity error",
      "value": 306,
      "unit": "mm/s",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "key frames at equal bits: acceleration error",
      "value": 2.21,
      "unit": "m/s^2",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "key frames at equal bits: foot skating",
      "value": 0.0001225,
      "unit": "m/s",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "key frames at equal bits: jitter",
      "value": 0.00001685,
      "unit": "m/s^3",
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "key frames at equal bits: Fréchet distance of the encoder's latents",
      "value": 39.78,
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "share of the first codebook used",
      "value": 0.08594,
      "data": "12 held-out clips of sources never trained on, quadruped, 33 s"
    },
    {
      "metric": "encoding, times real time",
      "value": 1194,
      "data": "31 s of boxing at 30 frames per second, one thread of an AMD EPYC shared with other work"
    },
    {
      "metric": "decoding, times real time",
      "value": 1638,
      "data": "31 s of boxing at 30 frames per second, one thread of an AMD EPYC shared with other work"
    },
    {
      "metric": "codes per second",
      "value": 20,
      "data": "by construction"
    }
  ]
} as const satisfies Manifest<"motion">;
