import type { AudioSignal } from "@dtok/core";
import { checkAudio } from "../signal/audio.js";
import type { AudioFormat } from "./detect.js";

/** Bytes of the beginning and of the end that tell how long a file should be. */
const HEAD = 1 << 16;
const TAIL = 1 << 17;
/** Encoder delay and padding of an MP3 file, at most. */
const MP3_TRIM = 3 * 1152;

/**
 * Tells a file that was cut short from a whole one: decoders stop at the end of the bytes without a
 * word. Feed it all bytes that pass; `missing` says what is not there.
 */
export class WholeFile {
  #head = new Uint8Array(0);
  #tail = new Uint8Array(0);
  #size = 0;

  add(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#head.length < HEAD) {
      this.#head = joined(this.#head, bytes.subarray(0, HEAD - this.#head.length));
    }
    this.#tail =
      bytes.length >= TAIL
        ? bytes.slice(-TAIL)
        : joined(this.#tail.subarray(Math.max(0, this.#tail.length + bytes.length - TAIL)), bytes);
  }

  /**
   * What a whole file of the format would have beyond this one; undefined where nothing is missing, or
   * the file does not say.
   *
   * @param samples per channel that were decoded
   */
  missing(format: AudioFormat, samples: number): string | undefined {
    switch (format) {
      case "wav":
        return this.#wav();
      case "flac":
        return this.#flac(samples);
      case "mp3":
        return this.#mp3(samples);
      case "vorbis":
      case "opus":
        return this.#ogg();
      case "aac":
        return undefined;
    }
  }

  /** Rate and channels of a WAV file that has no samples. */
  wavForm(): AudioSignal | undefined {
    const head = this.#head;
    const view = new DataView(head.buffer);
    for (let at = 12; at + 24 <= head.length;) {
      const size = view.getUint32(at + 4, true);
      if (text(head, at, 4) === "fmt ") {
        const samples = Array.from(
          { length: view.getUint16(at + 10, true) },
          () => new Float32Array(0),
        );
        return checkAudio({ samples, sampleRate: view.getUint32(at + 12, true) });
      }
      at += 8 + size + (size & 1);
    }
    return undefined;
  }

  #wav(): string | undefined {
    const head = this.#head;
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    for (let at = 12; at + 8 <= head.length;) {
      const size = view.getUint32(at + 4, true);
      if (text(head, at, 4) === "data") {
        // Writers into pipes cannot know; they claim the most that they dare.
        if (size >= 0x7fff_0000) return undefined;
        const left = this.#size - at - 8;
        return left < size ? `${left} of ${size} bytes of samples` : undefined;
      }
      at += 8 + size + (size & 1);
    }
    return this.#size > HEAD ? undefined : "no data chunk";
  }

  #flac(samples: number): string | undefined {
    const head = this.#head;
    if (text(head, 0, 4) !== "fLaC" || head.length < 26) return undefined;
    // The lower 36 bits of the 8 bytes from 18 on, behind rate, channels and bits.
    const total = (head[21]! & 15) * 2 ** 32 + new DataView(head.buffer).getUint32(22);
    return total > samples ? `${samples} of ${total} samples` : undefined;
  }

  #mp3(samples: number): string | undefined {
    const head = this.#head;
    // The frame count of a Xing or Info header, in the first frame behind an ID3 tag.
    for (let at = 0; at + 12 <= head.length; at++) {
      const tag = text(head, at, 4);
      if (tag !== "Xing" && tag !== "Info") continue;
      const view = new DataView(head.buffer);
      if ((view.getUint32(at + 4) & 1) === 0) return undefined;
      // The tag lies 13, 21 or 36 bytes into its frame; frames of MPEG-1 have 1152 samples, others 576.
      const start = [36, 21, 13].map((back) => at - back).find((from) => head[from] === 0xff);
      const long = start !== undefined && ((head[start + 1]! >> 3) & 3) === 3;
      const least = view.getUint32(at + 8) * (long ? 1152 : 576) - MP3_TRIM;
      return samples < least ? `${samples} of more than ${least} samples` : undefined;
    }
    return undefined;
  }

  #ogg(): string | undefined {
    const tail = this.#tail;
    for (let at = tail.length - 27; at >= 0; at--) {
      if (text(tail, at, 4) !== "OggS") continue;
      const segments = tail[at + 26]!;
      const lacing = tail.subarray(at + 27, at + 27 + segments);
      const end = at + 27 + segments + lacing.reduce((sum, n) => sum + n, 0);
      // Not every writer marks the last page; what was cut short nearly always ends within one.
      return lacing.length < segments || end > tail.length
        ? "a last page that is whole"
        : undefined;
    }
    return "a page";
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
