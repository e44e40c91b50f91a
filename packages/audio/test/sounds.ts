import { createRandom } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";

/** Voice-like sound: a gliding harmonic series under a syllable's rise and fall, with noise between. */
export function talk(seconds: number, sampleRate: number, seed = 1): AudioSignal {
  const random = createRandom(seed);
  const out = new Float32Array(Math.round(seconds * sampleRate));
  let phase = 0;
  for (let i = 0; i < out.length; i++) {
    const t = i / sampleRate;
    phase += (2 * Math.PI * (120 + 40 * Math.sin(2 * t))) / sampleRate;
    const loud = Math.max(0, Math.sin(2 * Math.PI * 3 * t));
    let voice = 0;
    for (let h = 1; h <= 20; h++) voice += Math.sin(h * phase) / (1 + ((h * 120 - 700) / 500) ** 2);
    out[i] = 0.1 * loud * voice + 0.01 * (1 - loud) * (random.float() * 2 - 1);
  }
  return { samples: [out], sampleRate };
}
