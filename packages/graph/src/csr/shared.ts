/**
 * Typed arrays that worker threads see without a copy, where the engine has SharedArrayBuffer (Node.js,
 * and browsers on cross-origin isolated pages); plain ones elsewhere. All are zero at first.
 */
function buffer(bytes: number): ArrayBufferLike {
  return typeof SharedArrayBuffer === "undefined"
    ? new ArrayBuffer(bytes)
    : new SharedArrayBuffer(bytes);
}

export const bytes = (length: number): Uint8Array => new Uint8Array(buffer(length));
export const shorts = (length: number): Int16Array => new Int16Array(buffer(length * 2));
export const ints = (length: number): Int32Array => new Int32Array(buffer(length * 4));
export const doubles = (length: number): Float64Array => new Float64Array(buffer(length * 8));
