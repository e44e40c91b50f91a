import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/motion/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "motion/human-vq",
  "modality": "motion",
  "version": "0.1.0",
  "description": "Human motion, one code of 512 per 0.2 s (45 bits per second).",
  "quantizer": "vq:512",
  "codebookSizes": [
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
      "sha256": "194ffeecd9b58de6d4d297ae91b6ca8a17bed464a9b6714dad9a9e57550e5749"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 1090017,
      "sha256": "5dbf806530ccd8e2216b33cae4027c191d21dec32a1dc85a22b68e11ae48742a"
    },
    "codebooks": {
      "path": "codebooks.safetensors",
      "bytes": 131160,
      "sha256": "c1d2f5c7269efd308b6c446460f12c72295bedd64aad0333f88bcc001388a6a6"
    }
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "CC-BY-SA-3.0",
    "data": "0 A.D. (Wildfire Games, CC-BY-SA-3.0), DeepMimic's motions in pybullet (MIT, Zlib), holosoma-retargeting (Apache-2.0), CMU Graphics Lab motion capture (free for all uses)"
  },
  "citation": "arXiv:2301.06052",
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
      "value": 122.8,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "MPJPE, global",
      "value": 420.9,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "velocity error",
      "value": 370.2,
      "unit": "mm/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "acceleration error",
      "value": 4.582,
      "unit": "m/s^2",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "foot skating",
      "value": 0.2939,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "jitter",
      "value": 94.97,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "Fréchet distance of the encoder's latents",
      "value": 23.64,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, roots aligned",
      "value": 151.6,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, global",
      "value": 1084,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: velocity error",
      "value": 452.5,
      "unit": "mm/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: acceleration error",
      "value": 3.473,
      "unit": "m/s^2",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: foot skating",
      "value": 0.2968,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: jitter",
      "value": 96.98,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "PCA at equal bits: Fréchet distance of the encoder's latents",
      "value": 194.8,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, roots aligned",
      "value": 124.1,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, global",
      "value": 432,
      "unit": "mm",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: velocity error",
      "value": 416.8,
      "unit": "mm/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: acceleration error",
      "value": 2.996,
      "unit": "m/s^2",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: foot skating",
      "value": 0.02495,
      "unit": "m/s",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: jitter",
      "value": 0.528,
      "unit": "m/s^3",
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "key frames at equal bits: Fréchet distance of the encoder's latents",
      "value": 395.9,
      "data": "75 held-out clips, human, 209 s"
    },
    {
      "metric": "share of the first codebook used",
      "value": 0.375,
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
      "value": 182.9,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "MPJPE, global",
      "value": 493.1,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "velocity error",
      "value": 552.9,
      "unit": "mm/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "acceleration error",
      "value": 6.856,
      "unit": "m/s^2",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "foot skating",
      "value": 1.742,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "jitter",
      "value": 132.5,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "Fréchet distance of the encoder's latents",
      "value": 124.2,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, roots aligned",
      "value": 301,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: MPJPE, global",
      "value": 836.8,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: velocity error",
      "value": 573.5,
      "unit": "mm/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: acceleration error",
      "value": 6.129,
      "unit": "m/s^2",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: foot skating",
      "value": 0.4305,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: jitter",
      "value": 128.5,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "PCA at equal bits: Fréchet distance of the encoder's latents",
      "value": 279.4,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, roots aligned",
      "value": 176,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: MPJPE, global",
      "value": 355.3,
      "unit": "mm",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: velocity error",
      "value": 482.1,
      "unit": "mm/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: acceleration error",
      "value": 4.732,
      "unit": "m/s^2",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: foot skating",
      "value": 0.02641,
      "unit": "m/s",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: jitter",
      "value": 0.05308,
      "unit": "m/s^3",
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "key frames at equal bits: Fréchet distance of the encoder's latents",
      "value": 1437,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "share of the first codebook used",
      "value": 0.1309,
      "data": "1 held-out clips of sources never trained on, human, 31 s"
    },
    {
      "metric": "encoding, times real time",
      "value": 1309,
      "data": "31 s of boxing at 30 frames per second, one thread of an AMD EPYC shared with other work"
    },
    {
      "metric": "decoding, times real time",
      "value": 1702,
      "data": "31 s of boxing at 30 frames per second, one thread of an AMD EPYC shared with other work"
    },
    {
      "metric": "codes per second",
      "value": 5,
      "data": "by construction"
    }
  ]
} as const satisfies Manifest<"motion">;
