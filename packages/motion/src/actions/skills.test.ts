import { expect, test } from "vitest";
import { matrix, rms, wave, waves } from "../../test/trajectories.js";
import { SkillActions } from "./skills.js";

test("by hand", async () => {
  // Two actions, far apart: left right left right …; (l, r) is the first skill, twice it the second.
  const t = await SkillActions.fit([matrix(8, 1, [-1, 1, -1, 1, -1, 1, -1, 1])], {
    size: 2,
    vocabulary: 4,
  });
  const words = [...t.quantizer.dequantize({ data: Int32Array.of(0, 1), shape: [2, 1] }).data];
  const left = words.indexOf(Math.min(...words));
  expect([...t.merges.pairs]).toEqual([left, 1 - left, 2, 2]);
  const grid = t.encode(matrix(5, 1, [-1, 1, -1, 1, -1]));
  expect([...grid.codes.data]).toEqual([3, left]);
  expect(grid.side).toEqual({ rows: 5 });
  expect([...t.decode(grid).data].map(Math.round)).toEqual([-1, 1, -1, 1, -1]);
});

test("skills are fewer than steps, and say exactly the steps' codes", async () => {
  const data = waves(8, 300, 3);
  const t = await SkillActions.fit(data, { size: 24, vocabulary: 400, seed: 1 });
  const plain = await SkillActions.fit(data, { size: 24, vocabulary: 24, seed: 1 });
  for (const one of [data[0]!, wave(77, 3, 50)]) {
    const grid = t.encode(one);
    expect(grid.shape[0]).toBeLessThan(one.shape[0]);
    expect(t.encode(t.decode(grid))).toEqual(grid);
    // Merging loses nothing.
    expect(t.decode(grid)).toEqual(plain.decode(plain.encode(one)));
  }
});

test("more words are better; skills that do not last as long as the rows are an error", async () => {
  const data = waves(4, 300, 3);
  const few = await SkillActions.fit(data, { size: 4 });
  const many = await SkillActions.fit(data, { size: 128 });
  const error = (t: SkillActions) => rms(data[0]!, t.decode(t.encode(data[0]!)));
  expect(error(many)).toBeLessThan(error(few) / 2);
  const grid = many.encode(data[0]!);
  expect(() => many.decode({ ...grid, side: { rows: 299 } })).toThrow(/299 steps/);
  await expect(SkillActions.fit(data, { size: 64, vocabulary: 63 })).rejects.toThrow(/vocabulary/);
});
