"""Reference values of @dtok/audio's metrics, by pystoi 0.4.1 and librosa:

    pip install pystoi librosa && python tooling/golden/audio_metrics.py > packages/audio/test/golden/metrics.json

The signals are made by the same integer generator in test/signals.ts.
"""

import json

import librosa
import numpy as np
from pystoi import stoi

FLOOR = 1e-5


def noise(count, seed):
    out = np.empty(count)
    x = seed
    for i in range(count):
        x = 48271 * x % 2147483647
        out[i] = x / 2147483647 * 2 - 1
    return out


def speech_like(rate, seconds, seed):
    """Gated, slowly modulated tones with noise: envelopes of speech, nothing else of it."""
    t = np.arange(int(rate * seconds)) / rate
    gate = (np.sin(2 * np.pi * 1.3 * t) > -0.4) * (0.6 + 0.4 * np.sin(2 * np.pi * 3.7 * t))
    tones = sum(np.sin(2 * np.pi * f * t) / (1 + i) for i, f in enumerate([180, 540, 1500, 2900]))
    return (0.2 * gate * (tones + 0.3 * noise(len(t), seed))).astype(np.float32)


def degraded(x, amount, seed):
    return (0.8 * np.clip(x, -0.3, 0.3) + amount * noise(len(x), seed)).astype(np.float32)


def mel_distance(x, y, rate):
    total = 0.0
    for i, bands in enumerate([5, 10, 20, 40, 80, 160, 320]):
        size = 32 << i
        mel = [
            np.log10(np.maximum(librosa.feature.melspectrogram(
                y=s.astype(np.float64), sr=rate, n_fft=size, hop_length=size // 4, n_mels=bands,
                power=1, center=True, pad_mode="reflect"), FLOOR))
            for s in (x, y)
        ]
        total += np.mean(np.abs(mel[0] - mel[1]))
    return total


def si_sdr(s, y):
    s, y = s.astype(np.float64), y.astype(np.float64)
    s, y = s - s.mean(), y - y.mean()
    target = s * (s @ y) / (s @ s)
    return 10 * np.log10((target @ target) / np.sum((y - target) ** 2))


cases = []
for rate, amount in [(10000, 0.02), (10000, 0.2), (16000, 0.05)]:
    x = speech_like(rate, 2.5, 7)
    y = degraded(x, amount, 99)
    cases.append({
        "rate": rate,
        "amount": amount,
        "stoi": float(stoi(x, y, rate)),
        "melDistance": float(mel_distance(x, y, rate)),
        "siSdr": float(si_sdr(x, y)),
    })
print(json.dumps(cases, indent=2))
