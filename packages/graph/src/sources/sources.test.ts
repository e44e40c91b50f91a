import { describe, expect, it } from "vitest";
import { ARCHIVE } from "../../test/archive.js";
import { parseDebianPackages } from "./debian.js";
import { parseWordNet } from "./wordnet.js";

const LICENCE = "  1 This software and database is being provided to you  \n";
const noun = {
  data: `${LICENCE}00001740 03 n 01 entity 0 002 ~ 00001930 n 0000 + 00002000 v 0101 | that which is  
00001930 05 n 02 dog 0 domestic_dog 0 002 @ 00001740 n 0000 #m 00001940 n 0000 | a "pet"  
00001940 05 n 01 pack 0 001 %m 00001930 n 0000 | dogs together  
00001950 05 n 01 dog 1 001 ! 00001930 n 0101 | another sense  
`,
  index: `${LICENCE}dog n 2 2 @ ! 2 1 00001930 00001950  
domestic_dog n 1 1 @ 1 1 00001930  
entity n 1 1 ~ 1 1 00001740  
pack n 1 1 %m 1 1 00001940  
`,
};
const adj = {
  data: `00003000 00 a 01 galore(ip) 0 001 & 00003100 a 0000 | in great numbers  
00003100 00 s 01 many 0 001 & 00003000 a 0000 | a lot  
`,
  index: `galore a 1 1 & 1 0 00003000  
many a 1 1 & 1 0 00003100  
`,
};

describe("parseWordNet", () => {
  it("names synsets by word, part of speech and sense; keeps facts once", () => {
    const { graph, words, glosses } = parseWordNet({ noun, adj });
    expect(graph.nodes).toEqual([
      "dog.n.01",
      "dog.n.02",
      "entity.n.01",
      "galore.a.01",
      "many.s.01",
      "pack.n.01",
    ]);
    const edges = graph.nodes.flatMap((head, n) =>
      Array.from({ length: graph.out.start[n + 1]! - graph.out.start[n]! }, (_, i) => {
        const e = graph.out.start[n]! + i;
        return `${head} ${graph.relations[graph.out.relation[e]!]} ${graph.nodes[graph.out.node[e]!]}`;
      }),
    );
    // No hyponym, no meronym; the verb was not given; either way of a symmetric relation is one edge.
    expect(edges.toSorted()).toEqual([
      "dog.n.01 antonym dog.n.02",
      "dog.n.01 hypernym entity.n.01",
      "dog.n.01 member_holonym pack.n.01",
      "galore.a.01 similar_to many.s.01",
    ]);
    expect(graph.relations).toHaveLength(18);
    expect(words[graph.indexOf("dog.n.01")]).toEqual(["dog", "domestic dog"]);
    expect(glosses[graph.indexOf("entity.n.01")]).toBe("that which is");
  });

  it("refuses other files, with the line", () => {
    expect(() => parseWordNet({ noun: { ...noun, data: `${LICENCE}hello\n` } })).toThrow(
      /data.noun, line 2/,
    );
    expect(() => parseWordNet({ noun: { ...noun, index: "dog n\n" } })).toThrow(
      /index.noun, line 1/,
    );
    expect(() => parseWordNet({})).toThrow(/at least one part/);
    const odd = noun.data.replace("~ 00001930", "?? 00001930");
    expect(() => parseWordNet({ noun: { ...noun, data: odd } })).toThrow(/"\?\?"/);
  });
});

describe("parseDebianPackages", () => {
  it("makes relations of fields, folded lines and alternatives", () => {
    const { graph, packages } = parseDebianPackages(ARCHIVE);
    const n = graph.indexOf("cat-server");
    const found = [];
    for (let e = graph.out.start[n]!; e < graph.out.start[n + 1]!; e++) {
      found.push(`${graph.relations[graph.out.relation[e]!]} ${graph.nodes[graph.out.node[e]!]}`);
    }
    expect(found.toSorted()).toEqual([
      "depends cat-common",
      "depends libcat2",
      "depends perl",
      "depends python3",
      "recommends cat-doc",
    ]);
    expect(packages[graph.indexOf("libcat2")]).toEqual({
      name: "libcat2",
      section: "libs",
      description: "library of cats, shared files",
    });
    expect(packages[graph.indexOf("perl")]).toBeUndefined();
    expect(graph.indexOf("old-cat")).toBeGreaterThanOrEqual(0);
    expect(graph.indexOf("older-cat")).toBeGreaterThanOrEqual(0);
  });

  it("refuses what is no package list", () => {
    expect(() => parseDebianPackages("hello\n")).toThrow(/line 1/);
    expect(() => parseDebianPackages("Section: libs\n")).toThrow(/Package field/);
    expect(() => parseDebianPackages("")).toThrow(/at least one stanza/);
  });
});
