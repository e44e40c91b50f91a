"""Wide-band PESQ (ITU-T P.862.2) of two WAV files of 16 kHz, the mean over pieces of 8 s.

    pip install pesq numpy && python measure_pesq.py reference.wav degraded.wav
"""

import sys
import wave

import numpy as np
from pesq import NoUtterancesError, pesq


def samples(path):
    with wave.open(path) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768


reference, degraded = samples(sys.argv[1]), samples(sys.argv[2])
size = 8 * 16000
scores = []
for at in range(0, len(reference) - size // 2, size):
    try:
        scores.append(pesq(16000, reference[at:at + size], degraded[at:at + size], "wb"))
    except NoUtterancesError:
        pass
print(np.mean(scores))
