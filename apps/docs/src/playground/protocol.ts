/** What the page asks of its worker, and what comes back. Pixels are RGBA, rows packed. */
export interface Pixels {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

export interface Encoded {
  /** Rows and columns of tokens. */
  readonly shape: readonly [number, number];
  readonly codes: Int32Array;
  /** Quantized vectors of the codes, [N, dim]: what a token holds. */
  readonly latents: Float32Array;
  readonly dim: number;
  readonly codebookSize: number;
  readonly stride: readonly [number, number];
  readonly bitsPerPixel: number;
  readonly milliseconds: number;
}

export interface Decoded {
  readonly pixels: Pixels;
  /** dB, against the picture that was encoded. */
  readonly psnr: number;
  readonly latents: Float32Array;
  readonly milliseconds: number;
}

export interface Calls {
  open: { args: { name: string }; result: { bytes: number } };
  encode: { args: { name: string; pixels: Pixels }; result: Encoded };
  decode: { args: { name: string; codes: Int32Array }; result: Decoded };
  /** The token file of codes as they are. */
  save: { args: { name: string; codes: Int32Array }; result: Uint8Array<ArrayBuffer> };
}
export type CallName = keyof Calls;

export interface Request {
  readonly id: number;
  readonly call: CallName;
  readonly args: unknown;
}
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly progress: { readonly name: string; readonly done: number; readonly total: number } };
