const scratch = /* @__PURE__ */ (() => {
  const word = new Uint32Array(1);
  return { word, asFloat: new Float32Array(word.buffer) };
})();

/** A float16 pattern to its number, exactly; NaN and infinities too. */
export function halfToFloat(half: number): number {
  const { word, asFloat } = scratch;
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 31;
  const mantissa = half & 0x3ff;
  if (exponent === 0) {
    // Zero and subnormals: mantissa times 2^-24.
    const value = mantissa / 16777216;
    return sign === 0 ? value : -value;
  }
  word[0] = sign | (exponent === 31 ? 0x7f800000 : (exponent + 112) << 23) | (mantissa << 13);
  return asFloat[0]!;
}

/** A float32 to its nearest float16 pattern, ties to even; too large ones become infinity. */
export function floatToHalf(value: number): number {
  const { word, asFloat } = scratch;
  asFloat[0] = value;
  const bits = word[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size >= 0x7f800000) return sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (size >= 0x477ff000) return sign | 0x7c00; // 65,520 and more round past the largest
  if (size < 0x38800000) {
    // Below 2^-14: a multiple of 2^-24. The product is exact; rounding it to even is all.
    return sign | roundToEven(Math.abs(asFloat[0]!) * 16777216);
  }
  const odd = (size >>> 13) & 1;
  return sign | ((size - 0x38000000 + 0xfff + odd) >>> 13);
}

function roundToEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}
