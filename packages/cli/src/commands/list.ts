import { plugins } from "@dtok/image";
import type { Manifest } from "@dtok/core";
import type { Command } from "commander";
import { soundManifests } from "../audio/index.js";
import { printJson, table } from "../output.js";
import { videoManifests } from "../video/index.js";

export function addList(program: Command): void {
  program
    .command("list")
    .description("the tokenizers that are installed")
    .option("--json", "manifests as JSON", false)
    .action(async ({ json }: { json: boolean }) => {
      const manifests: Manifest[] = [
        ...Object.values(plugins).map(({ manifest }) => manifest),
        ...soundManifests(),
        ...videoManifests(),
      ];
      if (json) {
        printJson(manifests);
        return;
      }
      const rows = manifests.map((m) => {
        const bytes = Object.values(m.files as Record<string, { bytes: number }>).reduce(
          (sum, file) => sum + file.bytes,
          0,
        );
        return [
          m.id,
          m.quantizer,
          m.stride.join(" x "),
          `${(bytes / 1e6).toFixed(1)} MB`,
          m.description,
        ];
      });
      process.stdout.write(
        `${await table(["tokenizer", "quantizer", "pixels or samples per code", "weights", ""], rows)}\n`,
      );
    });
}
