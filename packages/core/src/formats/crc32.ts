/** Tables of the reflected polynomial 0xEDB88320 (as in zlib and PNG), for eight bytes at a time. */
const TABLES = /* @__PURE__ */ ((): readonly Int32Array[] => {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let i = 0; i < 256; i++) {
    let c = i;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    tables[0]![i] = c;
  }
  for (let t = 1; t < 8; t++) {
    for (let i = 0; i < 256; i++) {
      const c = tables[t - 1]![i]!;
      tables[t]![i] = (c >>> 8) ^ tables[0]![c & 255]!;
    }
  }
  return tables;
})();

/**
 * CRC-32 of `bytes`, as zlib's `crc32(bytes, crc)`: pass the result of the bytes before to go on.
 * Finds accidents, not forgery.
 */
export function crc32(bytes: Uint8Array, crc = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as Int32Array[];
  let c = ~crc;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    const a =
      c ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    c =
      t7![a & 255]! ^
      t6![(a >>> 8) & 255]! ^
      t5![(a >>> 16) & 255]! ^
      t4![a >>> 24]! ^
      t3![bytes[i + 4]!]! ^
      t2![bytes[i + 5]!]! ^
      t1![bytes[i + 6]!]! ^
      t0![bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) c = (c >>> 8) ^ t0![(c ^ bytes[i]!) & 255]!;
  return ~c >>> 0;
}
