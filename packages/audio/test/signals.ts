import type { AudioSignal } from "@dtok/core";

/** Park and Miller's generator, -1 to 1: the same numbers as in tooling/golden/audio_metrics.py. */
export function noise(count: number, seed: number): Float64Array {
  const out = new Float64Array(count);
  for (let i = 0, x = seed; i < count; i++) {
    x = (48271 * x) % 2147483647;
    out[i] = (x / 2147483647) * 2 - 1;
  }
  return out;
}

/** Gated, slowly modulated tones with noise: envelopes of speech, nothing else of it. */
export function speechLike(sampleRate: number, seconds: number, seed = 7): AudioSignal {
  const count = Math.floor(sampleRate * seconds);
  const rough = noise(count, seed);
  const samples = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const t = i / sampleRate;
    const sine = (f: number) => Math.sin(2 * Math.PI * f * t);
    const gate = sine(1.3) > -0.4 ? 0.6 + 0.4 * sine(3.7) : 0;
    const tones = [180, 540, 1500, 2900].reduce((sum, f, k) => sum + sine(f) / (1 + k), 0);
    samples[i] = 0.2 * gate * (tones + 0.3 * rough[i]!);
  }
  return { samples: [samples], sampleRate };
}

export function degraded({ samples, sampleRate }: AudioSignal, amount: number): AudioSignal {
  const rough = noise(samples[0]!.length, 99);
  const worse = samples[0]!.map(
    (v, i) => 0.8 * Math.max(-0.3, Math.min(0.3, v)) + amount * rough[i]!,
  );
  return { samples: [worse], sampleRate };
}

export function tone(sampleRate: number, hertz: number, seconds = 0.5, level = 0.5): Float32Array {
  return Float32Array.from({ length: Math.round(sampleRate * seconds) }, (_, i) =>
    Math.fround(level * Math.sin((2 * Math.PI * hertz * i) / sampleRate)),
  );
}
