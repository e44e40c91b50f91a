/** Sizes that PNG, JPEG, GIF, WebP and AVIF declare; undefined where the header is of another kind. */
export function headerSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number, length: number) =>
    String.fromCharCode(...bytes.subarray(at, at + length));
  if (bytes.length >= 24 && text(1, 3) === "PNG") {
    return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  if (bytes.length >= 10 && text(0, 3) === "GIF") {
    return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  }
  if (bytes.length >= 30 && text(0, 4) === "RIFF" && text(8, 4) === "WEBP") {
    const kind = text(12, 4);
    const int24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    if (kind === "VP8X") return { width: int24(24) + 1, height: int24(27) + 1 };
    if (kind === "VP8 ") {
      return {
        width: view.getUint16(26, true) & 0x3fff,
        height: view.getUint16(28, true) & 0x3fff,
      };
    }
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (bytes.length >= 12 && text(4, 4) === "ftyp") {
    // ISO base media (AVIF, HEIF): the largest of the ispe boxes, since tiles and thumbnails have one each.
    let size: { width: number; height: number } | undefined;
    for (let at = 12; at + 16 <= bytes.length; at++) {
      if (bytes[at] !== 0x69 || view.getUint32(at) !== 0x69737065) continue;
      const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
      if (!size || width * height > size.width * size.height) size = { width, height };
    }
    return size;
  }
  if (bytes.length >= 4 && view.getUint16(0) === 0xffd8) {
    // Segments: marker, length, body. SOF0..SOF15 but DHT, JPG and DAC carry the size.
    for (let at = 2; at + 9 < bytes.length;) {
      if (bytes[at] !== 0xff) return undefined;
      const marker = bytes[at + 1] as number;
      if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
        return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
      }
      at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
    }
  }
  return undefined;
}
