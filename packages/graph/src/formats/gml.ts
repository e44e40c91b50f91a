/*
 * GML (Himsolt: "GML: A portable Graph File Format", 1997): keys with values, which are numbers, strings
 * or lists in brackets. `graph [ directed 1 node [ id 0 label "a" ] edge [ source 0 target 0 ] ]`. No
 * library on npm reads it, and its grammar is four lines.
 */
import { eachLine, ElementCollector } from "./reading.js";
import type { AttributeOptions, GraphSource, ReadGraph } from "./reading.js";

const TOKEN =
  /\s*(?:(#.*)|([A-Za-z_][\w.-]*)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|"([^"]*)("?)|(\[)|(\])|$)/y;
const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  amp: "&",
  lt: "<",
  gt: ">",
  apos: "'",
};
const MAX_DEPTH = 1000;
/** Characters of a string: more is a quotation mark that is missing. */
const MAX_STRING = 1 << 20;

function plain(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|([a-z]+));/g, (whole, code: string, name: string) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    return Number(code) <= 0x10ffff ? String.fromCodePoint(Number(code)) : whole;
  });
}

/** @throws FormatError with the number of the line */
export async function readGml(
  source: GraphSource,
  options: AttributeOptions = {},
): Promise<ReadGraph> {
  const collector = new ElementCollector(options, "GML");
  const { edges } = collector;
  /** Keys of the lists around, and what was read of a node or an edge. */
  const path: string[] = [];
  let fields = new Map<string, string>();
  let begun = 0;
  let key: string | undefined;
  let directed = false;
  /** A string that goes on in the next line. */
  let string: string | undefined;
  const element = () =>
    path.length === 2 && path[0] === "graph" && (path[1] === "node" || path[1] === "edge");
  const value = (text: string) => {
    if (key === undefined) edges.refuse(text, "a key before every value");
    else if (element()) fields.set(key, text);
    else if (path.length === 1 && path[0] === "graph" && key === "directed")
      directed = text === "1";
    key = undefined;
  };
  await eachLine(source, edges, (line) => {
    TOKEN.lastIndex = 0;
    if (string !== undefined) {
      const end = line.indexOf('"');
      string += `\n${end < 0 ? line : line.slice(0, end)}`;
      if (string.length > MAX_STRING) {
        edges.refuse("a string without an end", "strings between quotation marks");
        string = undefined;
      }
      if (end < 0) return;
      if (string !== undefined) value(plain(string));
      string = undefined;
      TOKEN.lastIndex = end + 1;
    }
    while (TOKEN.lastIndex < line.length) {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(line);
      if (match === null) {
        edges.refuse(JSON.stringify(line.slice(at)), "a key, a number, a string, or a list");
        return;
      }
      const [, comment, name, number, text, end, open, close] = match;
      if (name !== undefined) {
        if (key !== undefined) edges.refuse(`${key} ${name}`, "a value behind every key");
        key = name;
      } else if (number !== undefined) value(number);
      else if (text !== undefined) {
        if (end === '"') value(plain(text));
        else {
          string = text;
          return;
        }
      } else if (open !== undefined) {
        if (key === undefined || path.length === MAX_DEPTH) {
          edges.refuse("a list", "a key before every list, and lists less deep than a thousand");
        }
        path.push(key ?? "");
        key = undefined;
        if (element()) {
          fields = new Map();
          begun = edges.line;
        }
      } else if (close !== undefined) {
        if (key !== undefined) edges.refuse(key, "a value behind every key");
        key = undefined;
        if (path.length === 0) edges.refuse("]", "a list that was begun");
        if (element()) {
          const here = edges.line;
          edges.line = begun;
          if (path[1] === "node") collector.node(fields.get("id"), fields.get("label"));
          else {
            const found = fields;
            collector.edge(fields.get("source"), fields.get("target"), false, (what) =>
              found.get(what),
            );
          }
          edges.line = here;
        }
        path.pop();
      } else if (comment !== undefined) return;
      // Nothing but white space was left.
      else return;
    }
  });
  if (path.length > 0 || string !== undefined) {
    edges.refuse(
      "the end of the file",
      `an end of ${string === undefined ? "every list" : "the string"}`,
    );
  }
  return collector.finish(!directed);
}
