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
      "bytes": 3069063,
      "sha256": "3a5d873c8cbad422c58fd52a7cc5b5c0432e9ee43b9c093ddcfcfa2333260a0c"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 5779958,
      "sha256": "a56d47aa265f71e6a86a920a794260f176fe192118e7921d7d57222bc1e55257"
    },
    "quantizer": {
      "path": "units.safetensors",
      "bytes": 128240,
      "sha256": "d73dfa038ab1babda9fadd7e015ff669639bc1e1f447ba211d90fefbc0145225"
    }
  },
  "settings": {
    "sampleRate": 16000,
    "encoderState": 4484,
    "decoderState": 8609,
    "decoderDelay": 480,
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
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s siSdr",
      "value": -1.9487,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s melDistance",
      "value": 2.5452,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s stoi",
      "value": 0.5842,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s pesq",
      "value": 1.1273,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "frames per run of one unit",
      "value": 1.534,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.708,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s kbps",
      "value": 0.4483,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s siSdr",
      "value": -2.0796,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s melDistance",
      "value": 2.1162,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s stoi",
      "value": 0.6411,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s pesq",
      "value": 1.0461,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "frames per run of one unit",
      "value": 1.257,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.33,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s kbps",
      "value": 0.4483,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s siSdr",
      "value": -7.6795,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "units-50hz, 0.4 kbit/s melDistance",
      "value": 2.5342,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "frames per run of one unit",
      "value": 1.223,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.532,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    }
  ]
} as const satisfies Manifest<"audio">;
