import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/audio/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "audio/speech-40hz",
  "modality": "audio",
  "version": "0.1.0",
  "description": "Speech at 16 kHz, 40 codes of 32768 a second (600 bit/s).",
  "quantizer": "fsq-atanh:8,8,8,8,8",
  "codebookSizes": [
    32768
  ],
  "stride": [
    400
  ],
  "files": {
    "encoder": {
      "path": "encoder.onnx",
      "bytes": 3339986,
      "sha256": "d4e6cc4796a747755b31c54a6258bce46813e8caa32488a5e6079616bb46e9c4"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 6431437,
      "sha256": "6d018d8ab8c0cf2c712ffcc1eb6e576c2a79de6d5c97636afcddb94debf0f525"
    }
  },
  "settings": {
    "sampleRate": 16000,
    "encoderState": 4240,
    "decoderState": 6026
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "Apache-2.0",
    "data": "Free sounds of Debian packages; each with its licence in tooling/recipes/audio/sources.json"
  },
  "citation": "arXiv:2309.15505",
  "card": [
    {
      "metric": "speech-40hz, 0.6 kbit/s kbps",
      "value": 0.6002,
      "unit": "kbit/s",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s siSdr",
      "value": -55.4889,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s melDistance",
      "value": 2.5096,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s stoi",
      "value": 0.6741,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s pesq",
      "value": 1.1691,
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
      "value": 2.4606,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 6 kbit/s melDistance",
      "value": 2.0176,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 6 kbit/s stoi",
      "value": 0.7844,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 6 kbit/s pesq",
      "value": 1.7292,
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
      "value": 9.784,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 8 kbit/s melDistance",
      "value": 1.7184,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 8 kbit/s stoi",
      "value": 0.8978,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 8 kbit/s pesq",
      "value": 2.7598,
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
      "value": 11.5914,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 12 kbit/s melDistance",
      "value": 1.437,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 12 kbit/s stoi",
      "value": 0.9141,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Opus 12 kbit/s pesq",
      "value": 2.6715,
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
      "value": 15.5319,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "MP3 8 kbit/s melDistance",
      "value": 3.27,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "MP3 8 kbit/s stoi",
      "value": 0.7991,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "MP3 8 kbit/s pesq",
      "value": 2.5612,
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
      "value": 0.2428,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Speex 6 kbit/s melDistance",
      "value": 2.0844,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Speex 6 kbit/s stoi",
      "value": 0.8046,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Speex 6 kbit/s pesq",
      "value": 1.9564,
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
      "value": -35.0569,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s melDistance",
      "value": 2.6188,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s stoi",
      "value": 0.7254,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s pesq",
      "value": 1.352,
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
      "value": -31.4701,
      "unit": "dB",
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s melDistance",
      "value": 2.694,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s stoi",
      "value": 0.6781,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s pesq",
      "value": 1.2705,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.028,
      "data": "speech: 62 s of 19 held-out clips of fillets-ng-data-nl, ktuberling-data"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s kbps",
      "value": 0.6002,
      "unit": "kbit/s",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s siSdr",
      "value": -48.051,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s melDistance",
      "value": 2.6495,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s stoi",
      "value": 0.6947,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s pesq",
      "value": 1.0473,
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
      "value": 2.2831,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 6 kbit/s melDistance",
      "value": 1.7253,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 6 kbit/s stoi",
      "value": 0.8626,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 6 kbit/s pesq",
      "value": 1.659,
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
      "value": 11.3957,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 8 kbit/s melDistance",
      "value": 1.3635,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 8 kbit/s stoi",
      "value": 0.9472,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 8 kbit/s pesq",
      "value": 2.7118,
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
      "value": 12.9184,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 12 kbit/s melDistance",
      "value": 1.6578,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 12 kbit/s stoi",
      "value": 0.9533,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Opus 12 kbit/s pesq",
      "value": 2.3301,
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
      "value": 14.0657,
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
      "value": 0.861,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "MP3 8 kbit/s pesq",
      "value": 1.6503,
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
      "value": 3.6589,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Speex 6 kbit/s melDistance",
      "value": 2.1554,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Speex 6 kbit/s stoi",
      "value": 0.8728,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Speex 6 kbit/s pesq",
      "value": 1.856,
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
      "value": -38.1544,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 3.2 kbit/s melDistance",
      "value": 1.8312,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 3.2 kbit/s stoi",
      "value": 0.9028,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 3.2 kbit/s pesq",
      "value": 1.7323,
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
      "value": -45.9341,
      "unit": "dB",
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 1.3 kbit/s melDistance",
      "value": 2.081,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 1.3 kbit/s stoi",
      "value": 0.802,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "Codec2 1.3 kbit/s pesq",
      "value": 1.3659,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.029,
      "data": "telephone prompts: 63 s of 20 held-out clips of asterisk-core-sounds-fr-wav"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s kbps",
      "value": 0.6,
      "unit": "kbit/s",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s siSdr",
      "value": -54.0411,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "speech-40hz, 0.6 kbit/s melDistance",
      "value": 2.4933,
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
      "value": 0.1954,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 6 kbit/s melDistance",
      "value": 3.3801,
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
      "value": 6.2086,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 8 kbit/s melDistance",
      "value": 3.0236,
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
      "value": 8.9143,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Opus 12 kbit/s melDistance",
      "value": 1.3487,
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
      "value": 10.5418,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "MP3 8 kbit/s melDistance",
      "value": 5.2355,
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
      "value": -6.7415,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Speex 6 kbit/s melDistance",
      "value": 2.0303,
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
      "value": -49.3104,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Codec2 3.2 kbit/s melDistance",
      "value": 4.3901,
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
      "value": -40.3323,
      "unit": "dB",
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "Codec2 1.3 kbit/s melDistance",
      "value": 4.5641,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    },
    {
      "metric": "share of the codebooks used",
      "value": 0.0252,
      "data": "music and effects: 60 s of 10 held-out clips of drascula-music, frozen-bubble-data"
    }
  ]
} as const satisfies Manifest<"audio">;
