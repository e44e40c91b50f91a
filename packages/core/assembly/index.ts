// All kernels that search codebooks, as one module.
export * from "./nearest";
export * from "./additive";
