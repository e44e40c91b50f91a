import { setFlagsFromString } from "node:v8";
import { useModule } from "../kernels/module.js";

const FLAG = "experimental-wasm-relaxed-simd";
let isMissing = false;

/**
 * Has the kernels use relaxed SIMD, where this Node.js has it. Node.js 20 has it as it was standardised, one
 * release of V8 before it needed no flag: the flag is on only while core's own module is compiled; what was
 * compiled stays so.
 */
export function useRelaxedSimd(): boolean {
  if (isMissing) return false;
  if (useModule("relaxed")) return true;
  isMissing =
    process.versions.v8?.startsWith("11.3.") !== true ||
    !useModule("relaxed", (compile) => {
      setFlagsFromString(`--${FLAG}`);
      try {
        return compile();
      } finally {
        setFlagsFromString(`--no-${FLAG}`);
      }
    });
  return !isMissing;
}
