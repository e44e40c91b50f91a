/* Sequences on disk for training: JSON lines, .npy or Parquet, with the vocabulary's hash beside. */
import { open, readFile, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import {
  ArgumentError,
  CodeRangeError,
  FormatError,
  MismatchError,
  npyHeaderBytes,
} from "@dtok/core";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { BlockPacker } from "../training/blocks.js";
import type { Block, BlockOptions } from "../training/blocks.js";
import type { Vocabulary } from "../vocabulary/vocabulary.js";

export type TrainingFormat = "jsonl" | "npy" | "parquet";

export interface TrainingFileOptions {
  /** Blocks of one length; .npy needs them. Default: one row per sequence, as long as it is. */
  readonly blocks?: BlockOptions;
  /** Default: as the file's name ends. */
  readonly format?: TrainingFormat;
}

/** What stands in `<path>.json` beside a training file. */
export interface TrainingInfo {
  readonly format: "dtok-training-1";
  readonly kind: TrainingFormat;
  /** Hash of the vocabulary. */
  readonly vocabulary: string;
  /** Ids of the vocabulary: rows of the model's embedding table. */
  readonly size: number;
  readonly rows: number;
  /** Ids without padding. */
  readonly tokens: number;
  /** Ids per row and the padding's id, where rows are blocks. */
  readonly length?: number;
  readonly pad?: number;
}

/** Rows that are collected before they are written. */
const BUFFERED = 4096;
const BUFFERED_IDS = 2 ** 20;

/** One of the formats, fed rows. */
interface RowWriter {
  write(rows: readonly Block[]): Promise<void>;
  finish(rows: number): Promise<void>;
}

/**
 * Writes sequences for training: `add` them, then `commit`. Files grow under temporary names and get
 * their own at the end, so that what stands under the name is always whole.
 *
 * - .jsonl: {"input_ids": […], "lengths": […]} a line
 * - .npy: int32 [rows, length]
 * - .parquet: columns input_ids and lengths, lists of int32, and the vocabulary's hash as metadata
 */
export class TrainingFile {
  private readonly packer: BlockPacker | undefined;
  private waiting: Block[] = [];
  private waitingIds = 0;
  private rows = 0;
  private tokens = 0;
  private open = true;

  private constructor(
    private readonly path: string,
    private readonly vocabulary: Vocabulary,
    private readonly kind: TrainingFormat,
    private readonly blocks: BlockOptions | undefined,
    private readonly temporary: string,
    private readonly file: FileHandle,
    private readonly writer: RowWriter,
  ) {
    this.packer = blocks && new BlockPacker(blocks);
  }

  /** @throws ArgumentError for a format that is none, .npy without blocks, a place that cannot be written */
  static async create(
    path: string,
    vocabulary: Vocabulary,
    options: TrainingFileOptions = {},
  ): Promise<TrainingFile> {
    const { blocks } = options;
    const kind = options.format ?? path.slice(path.lastIndexOf(".") + 1);
    if (kind !== "jsonl" && kind !== "npy" && kind !== "parquet") {
      throw new ArgumentError("training file", {
        expected: "a name that ends with .jsonl, .npy or .parquet",
        got: path,
        remedy: "Rename it, or say the format.",
      });
    }
    if (kind === "npy" && blocks === undefined) {
      throw new ArgumentError("training file", {
        expected: "blocks of one length, since an array has one",
        got: "none",
        remedy: "Pass blocks: { length, pad }, or write .jsonl or .parquet.",
      });
    }
    // Before the file is there: options that do not fit leave nothing behind.
    if (blocks !== undefined) {
      void new BlockPacker(blocks);
      for (const id of [blocks.pad, blocks.end ?? 0]) checkIds(vocabulary, [id]);
    }
    const temporary = `${path}.${process.pid}.tmp`;
    let file: FileHandle;
    try {
      file = await open(temporary, "w");
    } catch (error) {
      throw new ArgumentError(path, {
        expected: "a place that can be written",
        got: (error as Error).message,
        remedy: "Check the folder and its permissions.",
        cause: error,
      });
    }
    try {
      const writer = await writers[kind](file, vocabulary, blocks?.length ?? 0);
      return new TrainingFile(path, vocabulary, kind, blocks, temporary, file, writer);
    } catch (error) {
      await file.close();
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** @throws CodeRangeError for an id outside the vocabulary, LimitError as `BlockPacker` */
  async add(sequence: ArrayLike<number>): Promise<void> {
    this.checkOpen();
    checkIds(this.vocabulary, sequence);
    if (sequence.length === 0) return;
    const rows = this.packer?.push(sequence) ?? [
      { ids: Int32Array.from(sequence), lengths: [sequence.length] },
    ];
    await this.take(rows);
  }

  /** Ends the file, and gives it and its `<path>.json` their names. */
  async commit(): Promise<TrainingInfo> {
    this.checkOpen();
    await this.take(this.packer?.flush() ?? []);
    await this.drain();
    const info: TrainingInfo = {
      format: "dtok-training-1",
      kind: this.kind,
      vocabulary: this.vocabulary.hash,
      size: this.vocabulary.size,
      rows: this.rows,
      tokens: this.tokens,
      ...(this.blocks !== undefined && { length: this.blocks.length, pad: this.blocks.pad }),
    };
    await this.writer.finish(this.rows);
    await this.file.sync();
    await this.file.close();
    this.open = false;
    const beside = `${this.temporary}.json`;
    try {
      const note = await open(beside, "w");
      try {
        await note.writeFile(`${JSON.stringify(info, null, 2)}\n`);
        await note.sync();
      } finally {
        await note.close();
      }
      // The note goes last: cut short between the two, an older note tells of another vocabulary.
      await rename(this.temporary, this.path);
      await rename(beside, `${this.path}.json`);
    } catch (error) {
      await rm(beside, { force: true });
      await rm(this.temporary, { force: true });
      throw error;
    }
    return info;
  }

  /** Leaves nothing behind, unless it was committed. */
  async discard(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.file.close();
    await rm(this.temporary, { force: true });
  }

  private async take(rows: readonly Block[]): Promise<void> {
    for (const row of rows) {
      this.waiting.push(row);
      this.waitingIds += row.ids.length;
      for (const length of row.lengths) this.tokens += length;
    }
    if (this.waiting.length >= BUFFERED || this.waitingIds >= BUFFERED_IDS) await this.drain();
  }

  private async drain(): Promise<void> {
    if (this.waiting.length === 0) return;
    const rows = this.waiting;
    this.waiting = [];
    this.waitingIds = 0;
    await this.writer.write(rows);
    this.rows += rows.length;
  }

  private checkOpen(): void {
    if (this.open) return;
    throw new ArgumentError("training file", {
      expected: "one that is open",
      got: "one that was committed or discarded",
      remedy: "Create another.",
    });
  }
}

function checkIds({ size }: Vocabulary, ids: ArrayLike<number>): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (Number.isInteger(id) && id >= 0 && id < size) continue;
    throw new CodeRangeError("sequence", {
      expected: `ids in [0, ${size})`,
      got: `${id} at ${i}`,
      remedy: "Pass sequences of this vocabulary.",
    });
  }
}

type MakeWriter = (file: FileHandle, vocabulary: Vocabulary, length: number) => Promise<RowWriter>;

const writers: Record<TrainingFormat, MakeWriter> = {
  jsonl: async (file) => ({
    async write(rows) {
      const lines = rows.map(
        ({ ids, lengths }) => `{"input_ids":[${ids.join()}],"lengths":[${lengths.join()}]}\n`,
      );
      await file.writeFile(lines.join(""));
    },
    finish: async () => undefined,
  }),
  async npy(file, _vocabulary, length) {
    // The header has room for any number of rows, which is known at the end only.
    await file.writeFile(npyHeaderBytes("int32", [0, length]));
    return {
      async write(rows) {
        const bytes = new Uint8Array(rows.length * length * 4);
        const view = new DataView(bytes.buffer);
        let at = 0;
        for (const { ids } of rows) {
          for (let i = 0; i < length; i++, at += 4) view.setInt32(at, ids[i]!, true);
        }
        await file.writeFile(bytes);
      },
      async finish(rows) {
        const header = npyHeaderBytes("int32", [rows, length]);
        await file.write(header, 0, header.length, 0);
      },
    };
  },
  async parquet(file, vocabulary) {
    const list = (name: string) => [
      { name, repetition_type: "REQUIRED", converted_type: "LIST", num_children: 1 } as const,
      { name: "list", repetition_type: "REPEATED", num_children: 1 } as const,
      { name: "element", type: "INT32", repetition_type: "REQUIRED" } as const,
    ];
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({
      writer: bytes,
      schema: [{ name: "root", num_children: 2 }, ...list("input_ids"), ...list("lengths")],
      kvMetadata: [
        { key: "dtok.vocabulary", value: vocabulary.hash },
        { key: "dtok.vocabulary.size", value: String(vocabulary.size) },
      ],
    });
    // What was encoded goes to the file, and the buffer is used again; `offset` counts on.
    const drain = async () => {
      await file.writeFile(new Uint8Array(bytes.buffer, 0, bytes.index));
      bytes.index = 0;
    };
    return {
      async write(rows) {
        await writer.write({
          columnData: [
            { name: "input_ids", data: rows.map(({ ids }) => Array.from(ids)) },
            { name: "lengths", data: rows.map(({ lengths }) => [...lengths]) },
          ],
          rowGroupSize: rows.length,
        });
        await drain();
      },
      async finish() {
        await writer.finish();
        await drain();
      },
    };
  },
};

/**
 * The note beside a training file, once it is this vocabulary's.
 *
 * @throws FormatError where there is none, MismatchError for another vocabulary's ids
 */
export async function readTrainingInfo(
  path: string,
  vocabulary: Vocabulary,
): Promise<TrainingInfo> {
  const beside = `${path}.json`;
  let info: Partial<TrainingInfo> | null = null;
  try {
    info = JSON.parse(await readFile(beside, "utf8")) as Partial<TrainingInfo> | null;
  } catch (error) {
    throw noNote(beside, (error as Error).message, error);
  }
  if (info?.format !== "dtok-training-1") throw noNote(beside, String(info?.format));
  if (info.vocabulary !== vocabulary.hash) {
    throw new MismatchError(path, {
      expected: `ids of the vocabulary ${vocabulary.hash}`,
      got: `those of ${String(info.vocabulary)}`,
      remedy: "Train with the vocabulary that the file was written with, or write it anew.",
    });
  }
  return info as TrainingInfo;
}

function noNote(path: string, got: string, cause?: unknown): FormatError {
  return new FormatError(path, {
    expected: "a note of format dtok-training-1",
    got,
    remedy: "Keep the .json that TrainingFile writes beside each file.",
    cause,
  });
}
