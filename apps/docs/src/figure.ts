import { parseHTML } from "linkedom";

/** A document for Observable Plot to draw into, and the look of all figures. */
export function plotDocument() {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return {
    document: document as unknown as Document,
    style: {
      fontSize: "12px",
      fontFamily: "system-ui, sans-serif",
      background: "white",
      color: "#222",
    },
  };
}

/** A figure as a file of its own. */
export function toSvg(figure: { readonly outerHTML: string }): string {
  const svg = figure.outerHTML.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  return `<?xml version="1.0"?>\n${svg}`;
}
