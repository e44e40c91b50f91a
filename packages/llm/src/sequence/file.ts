/* A packed sequence as a file: ids, side values, and the vocabulary that gives the ids their meaning. */
import {
  FormatError,
  IntegrityError,
  MismatchError,
  crc32,
  readSafetensors,
  writeSafetensors,
} from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import type { Vocabulary } from "../vocabulary/vocabulary.js";
import type { PackedSequence } from "./pack.js";

const FORMAT = "dtok-sequence-1";

/** A safetensors file: "ids" int32 [N], with the side values, the vocabulary's hash and a checksum. */
export function saveSequence(
  vocabulary: Vocabulary,
  { ids, sides }: Pick<PackedSequence, "ids" | "sides">,
): Uint8Array {
  const text = JSON.stringify(sides);
  return writeSafetensors(
    { ids: { data: ids, shape: [ids.length] } },
    { format: FORMAT, vocabulary: vocabulary.hash, sides: text, crc32: checksum(ids, text) },
  );
}

/**
 * What `unpack` takes: ids and sides.
 *
 * @throws FormatError for another file, IntegrityError for a changed one, MismatchError for ids of
 *   another vocabulary
 */
export function loadSequence(
  vocabulary: Vocabulary,
  bytes: Uint8Array,
): Pick<PackedSequence, "ids" | "sides"> {
  const { tensors, metadata } = readSafetensors(bytes);
  const ids = tensors.ids?.data;
  const { sides = "" } = metadata;
  if (metadata.format !== FORMAT || !(ids instanceof Int32Array)) {
    throw new FormatError("sequence", {
      expected: `a file of format ${FORMAT}`,
      got: metadata.format ?? "another file",
      remedy: "Load what saveSequence wrote.",
    });
  }
  if (checksum(ids, sides) !== metadata.crc32) {
    throw new IntegrityError("sequence", {
      expected: `checksum ${metadata.crc32}`,
      got: checksum(ids, sides),
      remedy: "The file was changed; write it anew.",
    });
  }
  if (metadata.vocabulary !== vocabulary.hash) {
    throw new MismatchError("sequence", {
      expected: `ids of the vocabulary ${vocabulary.hash}`,
      got: `those of ${String(metadata.vocabulary)}`,
      remedy: "Use the vocabulary that the sequence was packed with.",
    });
  }
  return { ids, sides: JSON.parse(sides) as TokenGrid["side"][] };
}

function checksum(ids: Int32Array, sides: string): string {
  const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
  return crc32(new TextEncoder().encode(sides), crc32(bytes)).toString(16);
}
