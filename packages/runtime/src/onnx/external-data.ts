export function checkExternalData(_model: Uint8Array, _permitted: ReadonlySet<string>): void {}
