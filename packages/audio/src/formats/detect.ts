/** Container of a sound file, by its first bytes. */
export type AudioFormat = "wav" | "flac" | "mp3" | "vorbis" | "opus" | "aac";

/** The format that the first bytes (64 suffice) stand for; undefined where they are no known sound. */
export function detectFormat(bytes: Uint8Array): AudioFormat | undefined {
  const text = (at: number, length: number) =>
    String.fromCharCode(...bytes.subarray(at, at + length));
  if ((text(0, 4) === "RIFF" || text(0, 4) === "RF64") && text(8, 4) === "WAVE") return "wav";
  if (text(0, 4) === "fLaC") return "flac";
  if (text(0, 4) === "OggS") {
    // The first packet starts behind the segment table.
    const packet = 27 + (bytes[26] ?? 0);
    if (text(packet, 8) === "OpusHead") return "opus";
    if (text(packet, 7) === "\x01vorbis") return "vorbis";
    if (text(packet, 5) === "\x7fFLAC") return "flac";
    return undefined;
  }
  if (text(4, 4) === "ftyp") return "aac";
  if (text(0, 3) === "ID3") return "mp3";
  if (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0) {
    // Layer bits 00 mean ADTS, which is AAC.
    return ((bytes[1] ?? 0) & 0x06) === 0 ? "aac" : "mp3";
  }
  return undefined;
}
