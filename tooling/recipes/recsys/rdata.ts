/**
 * Reads data frames of R's packages: the lazy-load database of a package's data (Rdata.rdx is an
 * index of Rdata.rdb), whose entries are R objects serialised in XDR (R Internals, section 1.8).
 * Only what data frames are made of is read: vectors, factors, attributes, pair lists.
 */
import { execFileSync } from "node:child_process";
import { gunzipSync, inflateSync } from "node:zlib";

export type RValue =
  | null
  | { readonly kind: "numbers"; readonly values: Float64Array; readonly attributes: RAttributes }
  | {
      readonly kind: "strings";
      readonly values: readonly (string | null)[];
      readonly attributes: RAttributes;
    }
  | { readonly kind: "list"; readonly values: readonly RValue[]; readonly attributes: RAttributes };

type RAttributes = Readonly<Record<string, RValue>>;

/** NA of integers. */
const NA = -2147483648;

class Reader {
  private at = 0;
  private readonly symbols: string[] = [];

  constructor(private readonly bytes: Buffer) {
    const format = bytes.toString("latin1", 0, 2);
    if (format !== "X\n")
      throw new Error(`R data: expected XDR format, got ${JSON.stringify(format)}`);
    this.at = 2;
    const version = this.int();
    this.at += 8;
    // Version 3 names the encoding of its strings.
    if (version === 3) {
      const length = this.int();
      this.at += length;
    } else if (version !== 2) throw new Error(`R data: version ${version} is not read`);
  }

  private int(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  item(): RValue | string {
    const flags = this.int();
    const type = flags & 0xff;
    const hasAttributes = (flags & 0x200) !== 0;
    const hasTag = (flags & 0x400) !== 0;
    switch (type) {
      case 254: // NILVALUE_SXP
      case 253: // GLOBALENV_SXP
      case 242: // EMPTYENV_SXP
        return null;
      case 255: // REFSXP
        return this.symbols[(flags >> 8) - 1]!;
      case 1: {
        const name = this.item() as string;
        this.symbols.push(name);
        return name;
      }
      case 9: {
        const length = this.int();
        if (length === -1) return null;
        this.at += length;
        return this.bytes.toString("utf8", this.at - length, this.at);
      }
      case 2: {
        // A pair list, as a list with names.
        const values: RValue[] = [];
        const names: string[] = [];
        let [next, attributes, tag] = [type as number, hasAttributes, hasTag];
        while (next === 2) {
          if (attributes) this.item();
          names.push(tag ? (this.item() as string) : "");
          values.push(this.item() as RValue);
          const following = this.int();
          [next, attributes, tag] = [
            following & 0xff,
            (following & 0x200) !== 0,
            (following & 0x400) !== 0,
          ];
        }
        return {
          kind: "list",
          values,
          attributes: { names: { kind: "strings", values: names, attributes: {} } },
        };
      }
      case 10:
      case 13: {
        const values = Float64Array.from({ length: this.int() }, () => this.int());
        for (const [i, value] of values.entries()) if (value === NA) values[i] = NaN;
        return { kind: "numbers", values, attributes: this.attributes(hasAttributes) };
      }
      case 14: {
        const values = Float64Array.from({ length: this.int() }, () => {
          this.at += 8;
          return this.bytes.readDoubleBE(this.at - 8);
        });
        return { kind: "numbers", values, attributes: this.attributes(hasAttributes) };
      }
      case 16: {
        const values = Array.from({ length: this.int() }, () => this.item() as string | null);
        return { kind: "strings", values, attributes: this.attributes(hasAttributes) };
      }
      case 19: {
        const values = Array.from({ length: this.int() }, () => this.item() as RValue);
        return { kind: "list", values, attributes: this.attributes(hasAttributes) };
      }
      case 238: {
        // ALTREP: class info, state, attributes. Compact integer ranges are the one that data frames use.
        this.item();
        const state = this.item() as { values: Float64Array };
        this.item();
        const [count, first, step] = state.values as unknown as [number, number, number];
        const values = Float64Array.from({ length: count }, (_, i) => first + i * step);
        return { kind: "numbers", values, attributes: {} };
      }
      default:
        throw new Error(`R data: type ${type} is not read`);
    }
  }

  private attributes(present: boolean): RAttributes {
    if (!present) return {};
    const list = this.item();
    if (list === null || typeof list === "string" || list.kind !== "list") return {};
    const names = list.attributes.names as { values: readonly string[] };
    return Object.fromEntries(list.values.map((value, i) => [names.values[i]!, value]));
  }
}

/** Uncompressed bytes of one entry: 4 bytes of length, and a letter for other methods than zlib. */
function inflate(entry: Buffer): Buffer {
  const letter = String.fromCharCode(entry[4]!);
  if (letter === "2")
    return execFileSync("bzip2", ["-dc"], { input: entry.subarray(5), maxBuffer: 1 << 28 });
  if (letter === "Z") {
    // Raw LZMA2 as R writes it has no container; such databases are rare.
    throw new Error("R data: entries compressed by xz are not read");
  }
  return inflateSync(entry.subarray(4));
}

/** One object of a package's data. */
export function readLazyData(rdb: Buffer, rdx: Buffer, name: string): RValue {
  const index = new Reader(gunzipSync(rdx)).item() as Extract<RValue, { kind: "list" }>;
  const field = (list: RValue, key: string): RValue => {
    const { values, attributes } = list as Extract<RValue, { kind: "list" }>;
    return values[(attributes.names as { values: readonly string[] }).values.indexOf(key)] ?? null;
  };
  const place = field(field(index, "variables"), name) as { values: Float64Array } | null;
  if (place === null) throw new Error(`R data: no object ${name}`);
  const [offset, length] = place.values as unknown as [number, number];
  return new Reader(inflate(rdb.subarray(offset, offset + length))).item() as RValue;
}

/** Columns of a data frame: numbers, or text (factors as their levels). */
export function columnsOf(frame: RValue): Record<string, Float64Array | readonly string[]> {
  if (frame === null || frame.kind !== "list") throw new Error("R data: no data frame");
  const names = (frame.attributes.names as { values: readonly string[] }).values;
  return Object.fromEntries(
    frame.values.map((column, i) => {
      if (column?.kind === "strings") return [names[i]!, column.values.map((v) => v ?? "")];
      const { values, attributes } = column as Extract<RValue, { kind: "numbers" }>;
      const levels = (attributes.levels as { values: readonly string[] } | undefined)?.values;
      return [names[i]!, levels ? Array.from(values, (v) => levels[v - 1] ?? "") : values];
    }),
  );
}
