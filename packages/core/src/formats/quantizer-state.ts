import { FormatError } from "../errors/index.js";
import { isCount } from "../quantizers/checks.js";
import { quantizerFamilies, quantizerFromState } from "../quantizers/spec.js";
import type { Quantizer, QuantizerFamily, QuantizerState } from "../spec/quantizer.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

const FORMAT = "dtok-quantizer-1";

/**
 * A quantizer as one safetensors file. Metadata: `dtok.format` = "dtok-quantizer-1", `dtok.kind`,
 * `dtok.version` (of the kind's state layout), `dtok.config` (JSON), `dtok.spec` (for readers).
 */
export function saveQuantizer(quantizer: Quantizer): Uint8Array {
  const state = quantizer.toState();
  return writeSafetensors(state.tensors, {
    "dtok.format": FORMAT,
    "dtok.kind": state.kind,
    "dtok.version": String(state.version),
    "dtok.config": JSON.stringify(state.config),
    "dtok.spec": quantizer.spec,
  });
}

/** The state in a file of `saveQuantizer`, without building the quantizer. */
export function readQuantizerState(bytes: Uint8Array): QuantizerState {
  const { tensors, metadata } = readSafetensors(bytes);
  const format = metadata["dtok.format"];
  if (format !== FORMAT) {
    throw new FormatError("quantizer file", {
      expected: `metadata dtok.format = ${FORMAT}`,
      got: format === undefined ? "none" : JSON.stringify(format.slice(0, 80)),
      remedy:
        format === undefined
          ? "This safetensors file holds no quantizer of dtok; pass bare codebooks by `fromCodebook`."
          : "Update @dtok/core, or pass a quantizer file.",
    });
  }
  const kind = metadata["dtok.kind"];
  const version = Number(metadata["dtok.version"]);
  let config: unknown;
  try {
    config = JSON.parse(metadata["dtok.config"] ?? "");
  } catch (cause) {
    throw new FormatError("quantizer file", {
      expected: "JSON in metadata dtok.config",
      got: JSON.stringify((metadata["dtok.config"] ?? "").slice(0, 80)),
      remedy: "The file is damaged.",
      cause,
    });
  }
  if (
    kind === undefined ||
    !isCount(version) ||
    typeof config !== "object" ||
    config === null ||
    Array.isArray(config)
  ) {
    throw new FormatError("quantizer file", {
      expected: "metadata dtok.kind, dtok.version (an integer) and dtok.config (a JSON object)",
      got: JSON.stringify({ kind, version: metadata["dtok.version"], config }).slice(0, 160),
      remedy: "The file is damaged.",
    });
  }
  return { kind, version, config: config as Record<string, unknown>, tensors };
}

/**
 * Reads a file of `saveQuantizer`, of this version or an older one.
 *
 * @param families kinds that are accepted. Default: all of this package
 * @throws FormatError for damaged files, unknown kinds and newer versions
 */
export function loadQuantizer(
  bytes: Uint8Array,
  families: readonly QuantizerFamily[] = quantizerFamilies,
): Quantizer {
  return quantizerFromState(readQuantizerState(bytes), families);
}
