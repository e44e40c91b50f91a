import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/audio/units.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "audio/units-50hz",
  "modality": "audio",
  "version": "0.1.0",
  "description": "Speech as 500 k-means units over the latents of sound-16k, 50 a second (448 bit/s before runs are merged).",
  "quantizer": "kmeans:500",
  "codebookSizes": [
    500
  ],
  "stride": [
    320
  ],
  "files": {
    "encoder": {
      "path": "encoder.onnx",
      "bytes": 2262082,
      "sha256": "af06f770a31cf6156d64298c7c299eb8c72c8b6a1439479451fbb3f6f8f09326"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 3685456,
      "sha256": "cbd1156d9151a74f61963c184b0b0e2e6cbc83de1d951659cf89a0af16298415"
    },
    "quantizer": {
      "path": "units.safetensors",
      "bytes": 128240,
      "sha256": "309db172678a9136516aa8a7678fa7e18c07fdf11de8603b00ba483bc370e7ba"
    }
  },
  "settings": {
    "sampleRate": 16000,
    "encoderState": 3600,
    "decoderState": 4864,
    "folder": "sound-16k"
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "Apache-2.0",
    "data": "Free sounds of Debian packages; each with its licence in tooling/recipes/audio/sources.json"
  },
  "citation": "arXiv:2102.01192",
  "card": [
    {
      "metric": "units-50hz, 0.4 kbit/s kbps",
      "value": 0.4484,
      "unit": "kbit/s",
      "data": "speech: 28 s of 7 held-out clips of fillets-ng-data-nl"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s siSdr",
      "value": -1.0328,
      "unit": "dB",
      "data": "speech: 28 s of 7 held-out clips of fillets-ng-data-nl"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s melDistance",
      "value": 3.3365,
      "data": "speech: 28 s of 7 held-out clips of fillets-ng-data-nl"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s stoi",
      "value": 0.5744,
      "data": "speech: 28 s of 7 held-out clips of fillets-ng-data-nl"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s pesq",
      "value": 1.127,
      "data": "speech: 28 s of 7 held-out clips of fillets-ng-data-nl"
    },
    {
      "metric": "frames per run of one unit",
      "value": 1.297,
      "data": "speech: 28 s of 7 held-out clips of fillets-ng-data-nl"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.662,
      "data": "speech: 28 s of 7 held-out clips of fillets-ng-data-nl"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s kbps",
      "value": 0.4483,
      "unit": "kbit/s",
      "data": "telephone prompts: 30 s of 10 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s siSdr",
      "value": 0.1925,
      "unit": "dB",
      "data": "telephone prompts: 30 s of 10 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s melDistance",
      "value": 3.9639,
      "data": "telephone prompts: 30 s of 10 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s stoi",
      "value": 0.6079,
      "data": "telephone prompts: 30 s of 10 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s pesq",
      "value": 1.0508,
      "data": "telephone prompts: 30 s of 10 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "frames per run of one unit",
      "value": 1.18,
      "data": "telephone prompts: 30 s of 10 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.602,
      "data": "telephone prompts: 30 s of 10 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s kbps",
      "value": 0.4483,
      "unit": "kbit/s",
      "data": "music and effects: 30 s of 5 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s siSdr",
      "value": -6.4152,
      "unit": "dB",
      "data": "music and effects: 30 s of 5 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s melDistance",
      "value": 3.1209,
      "data": "music and effects: 30 s of 5 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "frames per run of one unit",
      "value": 1.201,
      "data": "music and effects: 30 s of 5 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.472,
      "data": "music and effects: 30 s of 5 held-out clips of drascula-music, frozen-bubble-data"
    }
  ]
} as const satisfies Manifest<"audio">;
