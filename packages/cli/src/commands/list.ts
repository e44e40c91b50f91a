import type { TokenizerPlugin } from "@dtok/core";
import type { Command } from "commander";
import { printJson, table } from "../output.js";

export function addList(program: Command): void {
  program
    .command("list")
    .description("the tokenizers that are installed")
    .option("--json", "manifests as JSON", false)
    .action(async ({ json }: { json: boolean }) => {
      const modalities = await Promise.all([
        import("@dtok/image"),
        import("@dtok/audio"),
        import("@dtok/video"),
        import("@dtok/motion"),
        import("@dtok/recsys"),
        import("@dtok/graph"),
      ]);
      const manifests = modalities.flatMap(({ plugins }) =>
        Object.values(plugins as Record<string, TokenizerPlugin>).map(({ manifest }) => manifest),
      );
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
        `${await table(["tokenizer", "quantizer", "units per code", "weights", ""], rows)}\n`,
      );
    });
}
