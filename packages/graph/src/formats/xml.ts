import { FormatError } from "@dtok/core";
import type { ElementCollector, GraphSource } from "./reading.js";
import { textOf } from "./reading.js";

/** Attributes by name. */
export type Attributes = Readonly<Record<string, string>>;

export interface XmlHandler {
  open(name: string, attributes: Attributes, depth: number): void;
  /** @param text what stood in the element itself */
  close(name: string, text: string, depth: number): void;
}

/** Text of one element beyond this is no name. */
const MAX_TEXT = 1 << 20;
const MAX_DEPTH = 1000;

/**
 * Reads XML as it comes. Names are those without a prefix. Text that is not well formed is an error in
 * either mode: what follows cannot be told apart.
 */
export async function readXml(
  source: GraphSource,
  collector: ElementCollector,
  handler: XmlHandler,
): Promise<void> {
  const { default: sax } = await import("sax");
  // Strict: names keep their case, and what is not well formed is reported.
  const parser = sax.parser(true, { position: true });
  const { edges } = collector;
  const fail = (got: string): never => {
    throw new FormatError(`${edges.name}, line ${parser.line + 1}`, {
      expected: "well-formed XML",
      got,
      remedy: "Write the file anew, or correct it.",
    });
  };
  const local = (name: string) => name.slice(name.indexOf(":") + 1);
  const texts: string[] = [];
  // sax.js goes on after an error; the first one is the one to tell.
  let failure: Error | undefined;
  const add = (text: string) => {
    const last = texts.length - 1;
    if (last < 0) return;
    texts[last] += text;
    if (texts[last]!.length > MAX_TEXT) fail("more than a million characters in an element");
  };
  Object.assign(parser, {
    onerror(error: Error) {
      failure ??= error;
    },
    onopentag(tag: { name: string; attributes: Attributes }) {
      if (failure !== undefined) return;
      edges.line = parser.line + 1;
      if (texts.length > MAX_DEPTH) fail(`elements ${MAX_DEPTH} deep`);
      handler.open(local(tag.name), tag.attributes, texts.length);
      texts.push("");
    },
    ontext: add,
    oncdata: add,
    onclosetag(name: string) {
      if (failure !== undefined) return;
      edges.line = parser.line + 1;
      const text = texts.pop() ?? "";
      handler.close(local(name), text, texts.length);
    },
  });
  const check = () => {
    if (failure !== undefined) fail(failure.message.split("\n")[0]!);
  };
  let empty = true;
  for await (const text of textOf(source, edges.options)) {
    if (text === "") continue;
    empty = false;
    parser.write(text);
    check();
  }
  if (empty) return;
  parser.close();
  check();
}
