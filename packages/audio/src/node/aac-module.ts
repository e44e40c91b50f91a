import { FormatError, MissingError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";

/** Sampling frequencies by their index (ISO/IEC 14496-3, table 1.18). */
const RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
  7_350,
];
const HEADER = 7;

interface AacStream {
  /** ADTS frames end to end. */
  readonly bytes: Uint8Array;
  readonly sampleRate: number;
  /** Samples to leave out at the beginning, and those to keep; of a bare stream all. */
  readonly skip: number;
  readonly length?: number;
}

function refused(got: string): FormatError {
  return new FormatError("AAC sound", {
    expected: "a whole M4A or AAC file of the low complexity profile",
    got,
    remedy: "Check the file; with ffmpeg installed other profiles are read too.",
  });
}

async function installed<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new MissingError("AAC decoder", {
      expected: "node-web-audio-api and mediabunny, or ffmpeg and ffprobe on the PATH",
      got: `AAC, and no ${name}`,
      remedy: "npm install node-web-audio-api mediabunny, or install ffmpeg.",
      cause,
    });
  }
}

/** Rate of a bare stream, whose frames must fill it exactly. */
function bareStream(bytes: Uint8Array): AacStream {
  let sampleRate = 0;
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xf6) !== 0xf0)
      throw refused("no frame where one begins");
    sampleRate ||= RATES[(bytes[at + 2]! >> 2) & 15] ?? 0;
    const length = ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5);
    if (length < HEADER || at + length > bytes.length)
      throw refused("a last frame that is cut off");
    at += length;
  }
  if (sampleRate === 0) throw refused("an unknown sampling rate");
  return { bytes, sampleRate, skip: 0 };
}

/** The frames of an M4A file, each behind an ADTS header (ISO/IEC 13818-7, 6.2). */
async function fromM4a(file: Uint8Array): Promise<AacStream> {
  const { BufferSource, EncodedPacketSink, Input, MP4 } = await installed(
    "mediabunny",
    () => import("mediabunny"),
  );
  const input = new Input({ source: new BufferSource(file), formats: [MP4] });
  try {
    const track = await input.getPrimaryAudioTrack();
    const config = await track?.getDecoderConfig();
    if (!track || !config) throw refused("no sound in it");
    if (config.codec !== "mp4a.40.2") throw refused(`codec ${config.codec}`);
    const { sampleRate, numberOfChannels } = config;
    const rate = RATES.indexOf(sampleRate);
    if (rate < 0 || numberOfChannels > 2) {
      throw refused(`${numberOfChannels} channels at ${sampleRate} Hz`);
    }
    const frames: Uint8Array[] = [];
    let size = 0;
    for await (const { data } of new EncodedPacketSink(track).packets()) {
      const length = HEADER + data.length;
      const frame = new Uint8Array(length);
      // Sync word, MPEG-4, no checksum; low complexity, rate, channels; length; variable bit rate.
      frame.set([0xff, 0xf1, 0x40 | (rate << 2), (numberOfChannels << 6) | (length >> 11)]);
      frame.set([(length >> 3) & 255, ((length & 7) << 5) | 31, 0xfc], 4);
      frame.set(data, HEADER);
      frames.push(frame);
      size += length;
    }
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const frame of frames) {
      bytes.set(frame, at);
      at += frame.length;
    }
    // The edit list says where the sound begins behind the encoder's delay, and where it ends.
    const skip = Math.max(0, Math.round(-(await track.getFirstTimestamp()) * sampleRate));
    const length = Math.round((await track.computeDuration()) * sampleRate);
    return { bytes, sampleRate, skip, length };
  } finally {
    input.dispose();
  }
}

/**
 * AAC of the low complexity profile by node-web-audio-api, whose decoder is Symphonia (MPL-2.0); M4A files
 * are taken apart by mediabunny.
 *
 * @throws MissingError where one of them is not installed, FormatError for what they refuse
 */
export async function decodeAacByModule(file: Uint8Array): Promise<AudioSignal> {
  const { OfflineAudioContext } = await installed(
    "node-web-audio-api",
    () => import("node-web-audio-api"),
  );
  const isM4a = String.fromCharCode(...file.subarray(4, 8)) === "ftyp";
  const { bytes, sampleRate, skip, length } = isM4a ? await fromM4a(file) : bareStream(file);
  // A context of the file's own rate: nothing is resampled.
  const context = new OfflineAudioContext(1, 1, sampleRate);
  const decoded = await context.decodeAudioData(bytes.slice().buffer as ArrayBuffer);
  const end = length === undefined ? decoded.length : skip + length;
  if (decoded.length < end) throw refused(`${decoded.length - skip} of ${length} samples`);
  const samples = Array.from({ length: decoded.numberOfChannels }, (_, c) =>
    decoded.getChannelData(c).slice(skip, end),
  );
  return { samples, sampleRate };
}
