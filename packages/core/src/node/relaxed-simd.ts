import { setFlagsFromString } from "node:v8";
import { useRelaxedModule } from "../kernels/module.js";

const FLAG = "experimental-wasm-relaxed-simd";
let isTried = false;

/**
 * Node.js 20 has relaxed SIMD as it was standardised, one release of V8 before it needed no flag. The flag is
 * on only while core's own module is compiled: what was compiled stays so, nothing else sees it.
 */
export function tryRelaxedSimd(): void {
  if (isTried) return;
  isTried = true;
  if (!process.versions.v8?.startsWith("11.3.")) return;
  useRelaxedModule((compile) => {
    setFlagsFromString(`--${FLAG}`);
    try {
      return compile();
    } finally {
      setFlagsFromString(`--no-${FLAG}`);
    }
  });
}
