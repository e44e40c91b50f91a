import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/audio/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "audio/sound-16k",
  "modality": "audio",
  "version": "0.1.0",
  "description": "Speech, music and sound at 16 kHz, 50 codes of 12 levels a second (0.5 to 6.0 kbit/s).",
  "quantizer": "rvq:12x1024",
  "codebookSizes": [
    1024,
    1024,
    1024,
    1024,
    1024,
    1024,
    1024,
    1024,
    1024,
    1024,
    1024,
    1024
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
      "path": "quantizer.safetensors",
      "bytes": 3146000,
      "sha256": "6f3959a3cae48c569eb2a1692d9c1026375cabf95f6dedb8067f29681ab8c5e6"
    }
  },
  "settings": {
    "sampleRate": 16000,
    "encoderState": 4484,
    "decoderState": 8609,
    "decoderDelay": 480
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "Apache-2.0",
    "data": "Free sounds of Debian packages; each with its licence in tooling/recipes/audio/sources.json"
  },
  "citation": "arXiv:2107.03312",
  "card": [
    {
      "metric": "sound-16k, 6.0 kbit/s kbps",
      "value": 6.0011,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s siSdr",
      "value": 8.8346,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s melDistance",
      "value": 1.5247,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s stoi",
      "value": 0.8615,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s pesq",
      "value": 2.3883,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s kbps",
      "value": 3.0005,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s siSdr",
      "value": 7.0848,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s melDistance",
      "value": 1.6487,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s stoi",
      "value": 0.8231,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s pesq",
      "value": 1.9574,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s kbps",
      "value": 1.5003,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s siSdr",
      "value": 4.1938,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s melDistance",
      "value": 1.8555,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s stoi",
      "value": 0.7523,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s pesq",
      "value": 1.5316,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s kbps",
      "value": 0.5001,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s siSdr",
      "value": -1.1855,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s melDistance",
      "value": 2.4185,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s stoi",
      "value": 0.6066,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s pesq",
      "value": 1.1596,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 6 kbit/s kbps",
      "value": 6.6351,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 6 kbit/s siSdr",
      "value": 2.5478,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 6 kbit/s melDistance",
      "value": 2.0143,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 6 kbit/s stoi",
      "value": 0.7832,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 6 kbit/s pesq",
      "value": 1.7228,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 8 kbit/s kbps",
      "value": 8.6355,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 8 kbit/s siSdr",
      "value": 9.6389,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 8 kbit/s melDistance",
      "value": 1.7186,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 8 kbit/s stoi",
      "value": 0.8986,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 8 kbit/s pesq",
      "value": 2.7641,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 12 kbit/s kbps",
      "value": 12.6362,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 12 kbit/s siSdr",
      "value": 11.4409,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 12 kbit/s melDistance",
      "value": 1.4416,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 12 kbit/s stoi",
      "value": 0.9121,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 12 kbit/s pesq",
      "value": 2.6426,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "MP3 8 kbit/s kbps",
      "value": 8.0398,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "MP3 8 kbit/s siSdr",
      "value": 15.5289,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "MP3 8 kbit/s melDistance",
      "value": 3.2676,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "MP3 8 kbit/s stoi",
      "value": 0.8003,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "MP3 8 kbit/s pesq",
      "value": 2.5647,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Speex 6 kbit/s kbps",
      "value": 6.6421,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Speex 6 kbit/s siSdr",
      "value": 0.2424,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Speex 6 kbit/s melDistance",
      "value": 2.0866,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Speex 6 kbit/s stoi",
      "value": 0.8042,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Speex 6 kbit/s pesq",
      "value": 1.956,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s kbps",
      "value": 3.2004,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s siSdr",
      "value": -29.3107,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s melDistance",
      "value": 2.6186,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s stoi",
      "value": 0.7246,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s pesq",
      "value": 1.3501,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s kbps",
      "value": 1.4002,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s siSdr",
      "value": -42.332,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s melDistance",
      "value": 2.6933,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s stoi",
      "value": 0.6789,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s pesq",
      "value": 1.2735,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.6973,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s kbps",
      "value": 6.0002,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s siSdr",
      "value": 8.2647,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s melDistance",
      "value": 1.2961,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s stoi",
      "value": 0.89,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s pesq",
      "value": 1.9562,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s kbps",
      "value": 3.0001,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s siSdr",
      "value": 6.9968,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s melDistance",
      "value": 1.419,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s stoi",
      "value": 0.8663,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s pesq",
      "value": 1.6548,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s kbps",
      "value": 1.5,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s siSdr",
      "value": 4.4795,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s melDistance",
      "value": 1.5682,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s stoi",
      "value": 0.8081,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s pesq",
      "value": 1.3291,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s kbps",
      "value": 0.5,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s siSdr",
      "value": -1.1316,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s melDistance",
      "value": 1.9806,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s stoi",
      "value": 0.6585,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s pesq",
      "value": 1.0662,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 6 kbit/s kbps",
      "value": 6.6365,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 6 kbit/s siSdr",
      "value": 3.3705,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 6 kbit/s melDistance",
      "value": 1.7386,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 6 kbit/s stoi",
      "value": 0.8642,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 6 kbit/s pesq",
      "value": 1.6792,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 8 kbit/s kbps",
      "value": 8.6371,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 8 kbit/s siSdr",
      "value": 11.5508,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 8 kbit/s melDistance",
      "value": 1.3693,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 8 kbit/s stoi",
      "value": 0.9479,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 8 kbit/s pesq",
      "value": 2.7222,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 12 kbit/s kbps",
      "value": 12.6385,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 12 kbit/s siSdr",
      "value": 12.7357,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 12 kbit/s melDistance",
      "value": 1.6661,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 12 kbit/s stoi",
      "value": 0.9514,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 12 kbit/s pesq",
      "value": 2.2888,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "MP3 8 kbit/s kbps",
      "value": 8.0386,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "MP3 8 kbit/s siSdr",
      "value": 14.0291,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "MP3 8 kbit/s melDistance",
      "value": 3.0054,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "MP3 8 kbit/s stoi",
      "value": 0.8603,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "MP3 8 kbit/s pesq",
      "value": 1.6507,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Speex 6 kbit/s kbps",
      "value": 6.6413,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Speex 6 kbit/s siSdr",
      "value": 3.6595,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Speex 6 kbit/s melDistance",
      "value": 2.1729,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Speex 6 kbit/s stoi",
      "value": 0.8728,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Speex 6 kbit/s pesq",
      "value": 1.8422,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 3.2 kbit/s kbps",
      "value": 3.2,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 3.2 kbit/s siSdr",
      "value": -19.8218,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 3.2 kbit/s melDistance",
      "value": 1.8322,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 3.2 kbit/s stoi",
      "value": 0.9,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 3.2 kbit/s pesq",
      "value": 1.7278,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 1.3 kbit/s kbps",
      "value": 1.4005,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 1.3 kbit/s siSdr",
      "value": -21.2546,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 1.3 kbit/s melDistance",
      "value": 2.087,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 1.3 kbit/s stoi",
      "value": 0.7984,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 1.3 kbit/s pesq",
      "value": 1.37,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.5813,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s kbps",
      "value": 6,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s siSdr",
      "value": 4.5649,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 6.0 kbit/s melDistance",
      "value": 1.7567,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s kbps",
      "value": 3,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s siSdr",
      "value": 3.2228,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 3.0 kbit/s melDistance",
      "value": 1.8771,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s kbps",
      "value": 1.5,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s siSdr",
      "value": 0.8928,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 1.5 kbit/s melDistance",
      "value": 2.0345,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s kbps",
      "value": 0.5,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s siSdr",
      "value": -4.0053,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "sound-16k, 0.5 kbit/s melDistance",
      "value": 2.3784,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 6 kbit/s kbps",
      "value": 6.64,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 6 kbit/s siSdr",
      "value": 0.3452,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 6 kbit/s melDistance",
      "value": 3.3657,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 8 kbit/s kbps",
      "value": 8.6407,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 8 kbit/s siSdr",
      "value": 6.2533,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 8 kbit/s melDistance",
      "value": 3.0137,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 12 kbit/s kbps",
      "value": 12.642,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 12 kbit/s siSdr",
      "value": 8.9224,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 12 kbit/s melDistance",
      "value": 1.3556,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "MP3 8 kbit/s kbps",
      "value": 8.0412,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "MP3 8 kbit/s siSdr",
      "value": 10.5821,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "MP3 8 kbit/s melDistance",
      "value": 5.2302,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Speex 6 kbit/s kbps",
      "value": 6.6415,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Speex 6 kbit/s siSdr",
      "value": -6.7474,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Speex 6 kbit/s melDistance",
      "value": 2.041,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s kbps",
      "value": 3.2009,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s siSdr",
      "value": -45.6664,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s melDistance",
      "value": 4.3811,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s kbps",
      "value": 1.4009,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s siSdr",
      "value": -41.9505,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s melDistance",
      "value": 4.5544,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.6794,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    }
  ]
} as const satisfies Manifest<"audio">;
