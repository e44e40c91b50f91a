import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** What there is to start from: the folder below templates/, the id and the name of its tokenizer. */
export const templates = {
  image: { what: "a tokenizer of pictures", id: "image/dct-8x", export: "dct8x" },
  series: { what: "a modality of your own", id: "series/dct-16x", export: "dct16x" },
} as const;
export type TemplateName = keyof typeof templates;

export interface CreateOptions {
  /** Where to; made where it is not there, and empty otherwise. Its name is the package's name. */
  readonly folder: string;
  /** Default "image". */
  readonly template?: TemplateName;
  /** Name of the package. Default: the folder's. */
  readonly packageName?: string;
  /** Folder of the templates; this package's own by default. */
  readonly source?: string;
}

export interface Created {
  /** Absolute path. */
  readonly folder: string;
  readonly packageName: string;
  /** "<modality>/<name>". */
  readonly id: string;
  /** Relative paths. */
  readonly files: readonly string[];
}

/** What the user asked for cannot be done; the message says why, and what to do. */
export class CreateError extends Error {
  override readonly name = "CreateError";
}

const NAME = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
const TEXT = /\.(ts|json|md)$/;

/**
 * Writes the package. Nothing is there before all of it is: the files come about beside the folder and
 * are renamed.
 *
 * @throws CreateError for a name that npm does not take, a folder with something in it, or an unknown
 * template
 */
export function createTokenizer(options: CreateOptions): Created {
  const { template = "image" } = options;
  if (!Object.hasOwn(templates, template)) {
    const known = Object.keys(templates).join(", ");
    throw new CreateError(`template: expected one of ${known}, got ${template}`);
  }
  const source = options.source ?? fileURLToPath(new URL("../templates/", import.meta.url));
  const folder = resolve(options.folder);
  const packageName = options.packageName ?? basename(folder);
  if (!NAME.test(packageName) || packageName.length > 214) {
    throw new CreateError(
      `package name: expected lower case letters, digits, - . _ (with or without @scope/), got "${packageName}"; pass --name`,
    );
  }
  if (existsSync(folder) && (!statSync(folder).isDirectory() || readdirSync(folder).length > 0)) {
    throw new CreateError(`${folder}: expected a new or an empty folder; nothing was changed`);
  }

  const { id, export: exported } = templates[template];
  const modality = id.slice(0, id.indexOf("/"));
  const name = tokenizerName(packageName);
  const camel = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  // A single word might be one of the language's own.
  const variable = /[A-Z0-9]/.test(camel) ? camel : `${camel}Tokenizer`;
  const old = JSON.parse(readFileSync(join(source, template, "_package.json"), "utf8")) as {
    name: string;
  };
  const replaced = (text: string) =>
    text
      .replaceAll(old.name, packageName)
      .replaceAll(id, `${modality}/${name}`)
      .replaceAll(exported, variable);

  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  const work = mkdtempSync(join(parent, ".dtok-create-"));
  try {
    cpSync(join(source, template), work, { recursive: true });
    renameSync(join(work, "_package.json"), join(work, "package.json"));
    const files = readdirSync(work, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const path of files.filter((file) => TEXT.test(file))) {
      writeFileSync(path, replaced(readFileSync(path, "utf8")));
    }
    // npm leaves files of this name out of packages, so it cannot be in the template.
    writeFileSync(join(work, ".gitignore"), "node_modules/\ndist/\n");
    chmodSync(work, 0o777 & ~process.umask());
    if (existsSync(folder)) rmdirSync(folder);
    renameSync(work, folder);
    const relative = [...files.map((file) => file.slice(work.length + 1)), ".gitignore"].sort();
    return { folder, packageName, id: `${modality}/${name}`, files: relative };
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
}

/** A package's name without its scope and what says that it is one: the name of its tokenizer. */
function tokenizerName(packageName: string): string {
  const bare = packageName.slice(packageName.indexOf("/") + 1).replace(/^dtok-/, "");
  const name = bare.replace(/[._]+/g, "-").replace(/^[^a-z]+|-+$/g, "");
  return name === "" ? "mine" : name;
}
