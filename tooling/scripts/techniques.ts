// Writes packages/core/TECHNIQUES.md from the techniques that core's modules export.
import { renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { techniques } from "../../packages/core/src/techniques.js";
import { renderTechniques } from "./techniques-table.js";

const path = fileURLToPath(new URL("../../packages/core/TECHNIQUES.md", import.meta.url));
const text = await format(renderTechniques(techniques), { parser: "markdown", printWidth: 100 });
writeFileSync(`${path}.tmp`, text);
renameSync(`${path}.tmp`, path);
console.log(`${path}: ${techniques.length} techniques`);
