/*
 * Which id means what. Behind the base model's ids [0, base) come 256 size tokens, which all
 * modalities share, then each modality's block: begin, end, padding, row, and one range per codebook.
 * A modality that is added later is appended, so ids that a model was trained on never move.
 */
import {
  ArgumentError,
  CodeRangeError,
  FormatError,
  IntegrityError,
  LimitError,
  MismatchError,
} from "@dtok/core";
import type { Manifest } from "@dtok/core";
import { positionsOf } from "../layouts/layout.js";
import type { SequenceLayout, SpanExtent } from "../layouts/layout.js";
import { sequenceLayout } from "../layouts/order.js";
import type { SequenceLayoutSpec } from "../layouts/order.js";

/** Each axis of a grid's extent is written as two size tokens, high byte first. */
export const SIZE_TOKENS = 256;
/** Largest extent of an axis that two size tokens can say. */
export const MAX_EXTENT = SIZE_TOKENS ** 2 - 1;
/** Ids are signed 32-bit integers. */
const MAX_IDS = 2 ** 31 - 1;
/** Far more than any tokenizer has: what a vocabulary from outside makes us allocate is bounded. */
const MAX_CODEBOOKS = 1024;

/** One tokenizer's part of a vocabulary. */
export interface ModalitySpec {
  /** Id of the tokenizer, "image/photo-8x"; grids carry it. */
  readonly id: string;
  readonly codebookSizes: readonly number[];
  /** Axes of its grids: 1 for sound, 2 for images, 3 for video. */
  readonly axes: 1 | 2 | 3;
  /** Default "interleaved". `sequenceLayoutGrammars` lists them. */
  readonly layout?: SequenceLayoutSpec;
  /**
   * Where a span's extent is told: "written" behind the begin token, "open" (the end token ends it,
   * one axis), or a list that all grids of the modality have. Default: as the layout says, mostly
   * "written".
   */
  readonly extent?: SpanExtent;
}

/**
 * A tokenizer's part as its manifest says it; `more` chooses layout and extent, and the axes where
 * grids have others than the signal.
 */
export function modalityOf(
  manifest: Pick<Manifest, "id" | "codebookSizes" | "stride">,
  more: Partial<ModalitySpec> = {},
): ModalitySpec {
  return {
    id: manifest.id,
    codebookSizes: manifest.codebookSizes,
    axes: manifest.stride.length as ModalitySpec["axes"],
    ...more,
  };
}

/** A modality with its ids. */
export interface ModalityIds extends Required<ModalitySpec> {
  readonly begin: number;
  readonly end: number;
  readonly pad: number;
  readonly row: number;
  /** First id of each codebook; with run-length, last, that of the durations. */
  readonly offsets: readonly number[];
  /** Durations that have a token, 1 to this; 0 where the layout writes none. */
  readonly durations: number;
  /** Behind the last id. */
  readonly limit: number;
}

/** What an id stands for. */
export type TokenMeaning =
  | { readonly kind: "text" }
  | { readonly kind: "size"; readonly value: number }
  | { readonly kind: "begin" | "end" | "pad" | "row"; readonly modality: string }
  | { readonly kind: "duration"; readonly modality: string; readonly steps: number }
  | {
      readonly kind: "code";
      readonly modality: string;
      readonly level: number;
      readonly code: number;
    };

export interface VocabularyJson {
  readonly format: "dtok-vocabulary-1";
  readonly base: number;
  readonly modalities: readonly Required<ModalitySpec>[];
  /** FNV-1a, 64 bits, of the other fields. */
  readonly hash: string;
}

export interface VocabularyOptions {
  /** Ids of the base model's tokenizer, [0, base). Default 0: no text. `baseSize` tells it. */
  readonly base?: number;
  readonly modalities: readonly ModalitySpec[];
}

const CONTROLS = ["begin", "end", "pad", "row"] as const;

/** Immutable. Same options, same ids. */
export class Vocabulary {
  readonly base: number;
  /** Ids in all. */
  readonly size: number;
  /** First of the 256 size tokens. */
  readonly sizes: number;
  readonly modalities: readonly ModalityIds[];
  /** Changes whenever an id changes its meaning. */
  readonly hash: string;
  private readonly byId: ReadonlyMap<string, ModalityIds>;

  /** @throws ArgumentError, LimitError (more than 2^31 - 1 ids) */
  constructor(options: VocabularyOptions) {
    const { base = 0, modalities } = options;
    if (!Number.isSafeInteger(base) || base < 0 || base > MAX_IDS) {
      throw new ArgumentError("base vocabulary", {
        expected: `a number of ids in [0, ${MAX_IDS}]`,
        got: String(base),
        remedy: "Pass the size of the text tokenizer: baseSize(tokenizerJson).",
      });
    }
    if (!Array.isArray(modalities)) {
      throw new ArgumentError("modalities", {
        expected: "a list of { id, codebookSizes, axes }",
        got: typeof modalities,
        remedy: "Pass an empty list for none.",
      });
    }
    this.base = base;
    this.sizes = base;
    const blocks: ModalityIds[] = [];
    const byId = new Map<string, ModalityIds>();
    let next = base + SIZE_TOKENS;
    for (const spec of modalities as readonly ModalitySpec[]) {
      const layout = checkSpec(spec);
      const durations = layout.durations ?? 0;
      if (byId.has(spec.id)) {
        throw new ArgumentError("modalities", {
          expected: "each id once",
          got: `${spec.id} twice`,
          remedy: "Leave the second out.",
        });
      }
      const begin = next;
      next += CONTROLS.length;
      const offsets: number[] = [];
      for (const size of [...spec.codebookSizes, ...(durations > 0 ? [durations] : [])]) {
        offsets.push(next);
        next += size;
      }
      if (next > MAX_IDS) {
        throw new LimitError("vocabulary", {
          expected: `at most ${MAX_IDS} ids`,
          got: `more, with ${spec.id}`,
          remedy: "Split large codebooks into groups.",
        });
      }
      const block: ModalityIds = Object.freeze({
        id: spec.id,
        codebookSizes: Object.freeze([...spec.codebookSizes]),
        axes: spec.axes,
        layout: layout.spec as SequenceLayoutSpec,
        extent: freezeExtent(spec.extent ?? layout.extent ?? "written"),
        begin,
        end: begin + 1,
        pad: begin + 2,
        row: begin + 3,
        offsets: Object.freeze(offsets),
        durations,
        limit: next,
      });
      blocks.push(block);
      byId.set(block.id, block);
    }
    this.modalities = Object.freeze(blocks);
    this.byId = byId;
    this.size = next;
    this.hash = fnv1a64(JSON.stringify(this.fields()));
  }

  /** The same ids, with one more modality behind them. */
  with(spec: ModalitySpec): Vocabulary {
    return new Vocabulary({ base: this.base, modalities: [...this.modalities, spec] });
  }

  /** @throws MismatchError for a tokenizer that is not in the vocabulary */
  modality(id: string): ModalityIds {
    const found = this.byId.get(id);
    if (found === undefined) {
      throw new MismatchError("vocabulary", {
        expected: `one of ${[...this.byId.keys()].join(", ") || "no modality"}`,
        got: String(id),
        remedy: "Add the tokenizer by vocabulary.with(…).",
      });
    }
    return found;
  }

  /** The modality whose block has this id, if any. */
  blockOf(id: number): ModalityIds | undefined {
    let low = 0;
    let high = this.modalities.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const block = this.modalities[middle]!;
      if (id < block.begin) high = middle - 1;
      else if (id >= block.limit) low = middle + 1;
      else return block;
    }
    return undefined;
  }

  /** @throws CodeRangeError for an id outside the vocabulary */
  meaning(id: number): TokenMeaning {
    if (!Number.isInteger(id) || id < 0 || id >= this.size) {
      throw new CodeRangeError("id", {
        expected: `an integer in [0, ${this.size})`,
        got: String(id),
        remedy: "Use the vocabulary that the ids were made with.",
      });
    }
    if (id < this.base) return { kind: "text" };
    const block = this.blockOf(id);
    if (block === undefined) return { kind: "size", value: id - this.sizes };
    const control = CONTROLS[id - block.begin];
    if (control !== undefined) return { kind: control, modality: block.id };
    let level = block.offsets.length - 1;
    while (id < block.offsets[level]!) level--;
    if (level === block.codebookSizes.length) {
      return { kind: "duration", modality: block.id, steps: id - block.offsets[level]! + 1 };
    }
    return { kind: "code", modality: block.id, level, code: id - block.offsets[level]! };
  }

  /** Text of a token that is not the base's, unique: `<|image/photo-8x:0:17|>`. */
  tokenText(id: number): string {
    const meaning = this.meaning(id);
    switch (meaning.kind) {
      case "text":
        throw new ArgumentError("id", {
          expected: `an id of dtok, in [${this.base}, ${this.size})`,
          got: String(id),
          remedy: "Ask the base tokenizer for its own tokens.",
        });
      case "size":
        return `<|size:${meaning.value}|>`;
      case "begin":
        return `<|${meaning.modality}|>`;
      case "end":
        return `<|/${meaning.modality}|>`;
      case "pad":
      case "row":
        return `<|${meaning.modality}:${meaning.kind}|>`;
      case "duration":
        return `<|${meaning.modality}:duration:${meaning.steps}|>`;
      case "code":
        return `<|${meaning.modality}:${meaning.level}:${meaning.code}|>`;
    }
  }

  /**
   * The inverse of `tokenText`.
   *
   * @throws MismatchError for a text that is no token of this vocabulary's own
   */
  idOf(text: string): number {
    const id = this.find(text);
    // Whatever numbers it says: the token must be written as `tokenText` writes it.
    if (id !== undefined && id >= this.base && id < this.size && this.tokenText(id) === text) {
      return id;
    }
    throw new MismatchError("token", {
      expected: "a token of this vocabulary, such as <|size:0|> or <|modality:level:code|>",
      got: String(text).slice(0, 80),
      remedy: "Text goes through the base model's tokenizer; a new tokenizer is added by with(…).",
    });
  }

  private find(text: string): number | undefined {
    const match = /^<\|(\/?)([^|:]+)(?::(\w+))?(?::(\d+))?\|>$/.exec(text);
    if (match === null) return undefined;
    const [, slash, name = "", first, second] = match;
    if (name === "size" && first !== undefined && second === undefined) {
      return this.sizes + Number(first);
    }
    const block = this.byId.get(name);
    if (block === undefined) return undefined;
    if (first === undefined) return slash === "/" ? block.end : block.begin;
    if (first === "pad" || first === "row") return block[first];
    if (first === "duration")
      return block.offsets[block.codebookSizes.length]! + Number(second) - 1;
    return block.offsets[Number(first)]! + Number(second);
  }

  toJSON(): VocabularyJson {
    return { ...this.fields(), hash: this.hash };
  }

  /** @throws FormatError for what is no vocabulary, IntegrityError where the hash differs */
  static fromJSON(json: unknown): Vocabulary {
    const file = json as Partial<VocabularyJson> | null;
    if (typeof file !== "object" || file === null || file.format !== "dtok-vocabulary-1") {
      throw new FormatError("vocabulary", {
        expected: "an object of format dtok-vocabulary-1",
        got: typeof file === "object" && file !== null ? String(file.format) : typeof file,
        remedy: "Pass what vocabulary.toJSON() gave.",
      });
    }
    const vocabulary = new Vocabulary(file as VocabularyOptions);
    if (vocabulary.hash !== file.hash) {
      throw new IntegrityError("vocabulary", {
        expected: `hash ${String(file.hash)}`,
        got: vocabulary.hash,
        remedy: "The file was changed after it was saved; take the one the model was trained with.",
      });
    }
    return vocabulary;
  }

  private fields(): Omit<VocabularyJson, "hash"> {
    return {
      format: "dtok-vocabulary-1",
      base: this.base,
      modalities: this.modalities.map(({ id, codebookSizes, axes, layout, extent }) => ({
        id,
        codebookSizes,
        axes,
        layout,
        extent,
      })),
    };
  }
}

function freezeExtent(extent: SpanExtent): SpanExtent {
  return typeof extent === "string" ? extent : Object.freeze([...extent]);
}

/** The modality's layout, once everything about it fits. */
function checkSpec(spec: ModalitySpec): SequenceLayout {
  // Names become part of token texts, where "|" and ":" separate, and of file names.
  if (typeof spec?.id !== "string" || !/^[\w.-]+(\/[\w.-]+)*$/.test(spec.id)) {
    throw new ArgumentError("modality id", {
      expected: "letters, digits, . _ - and / between them",
      got: JSON.stringify(spec?.id) ?? "undefined",
      remedy: "Use the tokenizer's id, such as image/photo-8x.",
    });
  }
  const { codebookSizes: sizes, axes } = spec;
  if (
    !Array.isArray(sizes) ||
    sizes.length === 0 ||
    sizes.length > MAX_CODEBOOKS ||
    !sizes.every((size) => Number.isSafeInteger(size) && size > 0 && size <= 2 ** 31)
  ) {
    throw new ArgumentError(`codebook sizes of ${spec.id}`, {
      expected: `a list of 1 to ${MAX_CODEBOOKS} positive integers`,
      got: (JSON.stringify(sizes) ?? "undefined").slice(0, 80),
      remedy: "Pass manifest.codebookSizes.",
    });
  }
  if (![1, 2, 3].includes(axes)) {
    throw new ArgumentError(`axes of ${spec.id}`, {
      expected: "1, 2 or 3",
      got: String(axes),
      remedy: "Pass manifest.stride.length.",
    });
  }
  const layout = sequenceLayout(spec.layout ?? "interleaved");
  const refusal = layout.refuses?.(sizes.length, axes);
  if (refusal !== undefined) {
    throw new ArgumentError(`layout ${layout.spec} of ${spec.id}`, {
      expected: refusal,
      got: `${sizes.length} codebooks on ${axes} axes`,
      remedy: "Choose another layout, or other parameters.",
    });
  }
  checkExtent(spec, layout);
  return layout;
}

function checkExtent({ id, axes, extent }: ModalitySpec, layout: SequenceLayout): void {
  const refuse = (expected: string) => {
    throw new ArgumentError(`extent of ${id}`, {
      expected,
      got: JSON.stringify(extent).slice(0, 80),
      remedy: "Leave extent out for the layout's own choice.",
    });
  };
  if (extent === undefined) return;
  if (layout.durations !== undefined && extent !== "open") {
    refuse('"open", since runs are fewer than positions');
  }
  if (Array.isArray(layout.extent) && JSON.stringify(extent) !== JSON.stringify(layout.extent)) {
    refuse(`[${layout.extent.join(", ")}], the layout's`);
  }
  if (extent === "written") return;
  if (extent === "open") {
    if (axes !== 1 || layout.period === undefined) {
      refuse(`"written" or a list of ${axes} extents: ${layout.spec} needs the extent`);
    }
    if (layout.period! > 2 ** 16) refuse(`chunks of at most ${2 ** 16} positions`);
    return;
  }
  if (
    !Array.isArray(extent) ||
    extent.length !== axes ||
    !extent.every((n) => Number.isSafeInteger(n) && n >= 1 && n <= MAX_EXTENT) ||
    positionsOf(extent) > 2 ** 24
  ) {
    refuse(`"written", "open" or ${axes} extents of 1 to ${MAX_EXTENT}, at most 2^24 positions`);
  }
}

/** FNV-1a over UTF-8, 64 bits, in hexadecimal: finds changes by accident, not by malice. */
function fnv1a64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, "0");
}
