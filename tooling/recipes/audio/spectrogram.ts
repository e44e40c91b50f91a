import { MelSpectrogram } from "@dtok/audio";
import sharp from "sharp";

/** Dark blue over violet and orange to white, as most spectrograms are shown. */
const COLOURS = [
  [0, 0, 20],
  [60, 10, 110],
  [170, 40, 90],
  [240, 120, 30],
  [255, 250, 190],
] as const;
const WIDTH = 960;
const HEIGHT = 128;
const TITLE = 18;
/** Decibels between the darkest and the brightest. */
const RANGE = 80;

/** A logarithmic mel spectrogram with its title, as PNG. */
export async function spectrogram(
  samples: Float32Array,
  sampleRate: number,
  title: string,
): Promise<{ png: Buffer; width: number; height: number }> {
  const hop = Math.max(1, Math.floor(samples.length / WIDTH));
  const mel = new MelSpectrogram(sampleRate, 1024, hop, HEIGHT);
  const values = mel.of(samples);
  const frames = Math.min(WIDTH, mel.frames(samples.length));
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let t = 0; t < frames; t++) {
    for (let b = 0; b < HEIGHT; b++) {
      const decibels = 20 * Math.log10(Math.max(1e-5, values[t * HEIGHT + b]!));
      const place = Math.max(0, Math.min(0.999, (decibels + RANGE) / RANGE)) * (COLOURS.length - 1);
      const low = Math.floor(place);
      for (let c = 0; c < 3; c++) {
        const [from, to] = [COLOURS[low]![c]!, COLOURS[low + 1]![c]!];
        pixels[((HEIGHT - 1 - b) * WIDTH + t) * 3 + c] = Math.round(
          from + (to - from) * (place - low),
        );
      }
    }
  }
  const label = `<svg width="${WIDTH}" height="${TITLE}"><text x="4" y="13" font-family="sans-serif" font-size="13">${title.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text></svg>`;
  const png = await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .extend({ top: TITLE, background: "#fff" })
    .composite([{ input: Buffer.from(label), left: 0, top: 0 }])
    .png()
    .toBuffer();
  return { png, width: WIDTH, height: HEIGHT + TITLE };
}
