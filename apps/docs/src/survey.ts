import { readFileSync } from "node:fs";
import { join } from "node:path";
import { techniques } from "@dtok/core";
import { codeOfSystem, codeOfTechnique } from "./survey-links.js";
import type { CodeLink } from "./survey-links.js";

/** Rows of a tab-separated file with one line of names. */
export function readTsv(text: string): Record<string, string>[] {
  const [head = "", ...lines] = text.replaceAll("\r", "").replace(/\n+$/, "").split("\n");
  const names = head.split("\t");
  return lines.map((line, i) => {
    const cells = line.split("\t");
    if (cells.length !== names.length) {
      throw new Error(`line ${i + 2}: expected ${names.length} cells, got ${cells.length}`);
    }
    return Object.fromEntries(names.map((name, c) => [name, cells[c]!]));
  });
}

export type Status = "runs" | "partly" | "open";

export interface TechniqueRow {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly year: string;
  readonly what: string;
  readonly mitigates: string;
  readonly status: Status;
  readonly code: readonly CodeLink[];
  readonly open: string;
}

/** The survey's techniques joined with what core registers and what the link table names. */
export function techniqueRows(root: string): TechniqueRow[] {
  const own = new Map(
    techniques.map((t) => [t.id, { text: t.use, file: `packages/core/src/${t.file}` }]),
  );
  return readTsv(readFileSync(join(root, "apps/docs/survey/techniques.tsv"), "utf8")).map((row) => {
    const id = row["id"]!;
    const linked = codeOfTechnique[id];
    const registered = own.get(id);
    const code = [
      ...(registered ? [registered] : []),
      ...(linked?.code ?? []).map((link) =>
        typeof link === "string" ? (own.get(link) ?? missing(id, link)) : link,
      ),
    ];
    return {
      id,
      name: row["name"]!,
      family: row["family"]!,
      year: row["year"]!,
      what: row["what"]!,
      mitigates: row["mitigates_collapse"]!,
      status: code.length === 0 ? "open" : linked?.open === undefined ? "runs" : "partly",
      code,
      open: linked?.open ?? (code.length === 0 ? "not written yet" : ""),
    };
  });
}

function missing(id: string, link: string): never {
  throw new Error(`survey-links.ts, ${id}: @dtok/core registers no technique ${link}`);
}

export interface SystemRow {
  readonly id: string;
  readonly name: string;
  readonly section: string;
  readonly modality: string;
  readonly quantizer: string;
  readonly idea: string;
  readonly year: string;
  /** "runs": the link table leaves nothing of it open; "partly": its quantizers run, or what `open` leaves. */
  readonly status: Status;
  readonly code: readonly CodeLink[];
  readonly open: string;
}

/** Families as systems.tsv writes them, to the core file of the plain quantizer. */
const FAMILY_FILES: Readonly<Record<string, string>> = {
  VQ: "vq.ts",
  RVQ: "rvq.ts",
  PQ: "pq.ts",
  AQ: "aq.ts",
  FSQ: "fsq.ts",
  LFQ: "lfq.ts",
  BSQ: "bsq.ts",
  "k-means": "kmeans-units.ts",
};

export function systemRows(root: string): SystemRow[] {
  return readTsv(readFileSync(join(root, "apps/docs/survey/systems.tsv"), "utf8")).map((row) => {
    const id = row["id"]!;
    const linked = codeOfSystem[id];
    // "VQ+k-means [T3] (…)": the words before the source are the families.
    const families = row["quantizer"]!.split(/[ (]/)[0]!.split("+");
    const parts = families.flatMap((family) => {
      const file = FAMILY_FILES[family];
      return file === undefined
        ? []
        : [{ text: family, file: `packages/core/src/quantizers/${file}` }];
    });
    const more = linked?.code ?? [];
    const code = [...more, ...parts.filter(({ file }) => more.every((own) => own.file !== file))];
    return {
      id,
      name: row["name"]!,
      section: row["section"]!,
      modality: row["quantized_modality"]!,
      quantizer: row["quantizer"]!,
      idea: row["idea"]!,
      year: row["year"]!,
      status: linked?.open === "" ? "runs" : code.length > 0 ? "partly" : "open",
      code,
      open:
        linked?.open ??
        (parts.length > 0
          ? `its plain quantizer runs; its networks and training do not`
          : `nothing of it runs yet`),
    };
  });
}
