import { isDtokError } from "@dtok/core";
import { readParquetTrajectory } from "@dtok/motion";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, it } from "vitest";

const table = (knee: number[]) =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "t", data: [0, 0.02, 0.04], type: "DOUBLE" },
        { name: "knee", data: knee, type: "DOUBLE" },
      ],
    }),
  );
const schema = {
  time: { column: "t" },
  columns: [{ column: "knee", unit: "degrees" as const }],
};

it("reads a Parquet trajectory by its schema", async () => {
  const made = await readParquetTrajectory(table([0, 90, 180]), schema);
  expect(made.rate).toBeCloseTo(50);
  expect(made.values.shape).toEqual([3, 1]);
  expect(made.values.data[2]).toBeCloseTo(Math.PI);
});

it("refuses gaps, missing columns and other bytes by typed errors", async () => {
  const caught = async (work: Promise<unknown>) => {
    const error: unknown = await work.catch((reason: unknown) => reason);
    expect(isDtokError(error)).toBe(true);
    return (error as Error).message;
  };
  expect(await caught(readParquetTrajectory(table([0, NaN, 1]), schema))).toMatch(/row 1.*knee/);
  const other = { ...schema, columns: [{ column: "hip" }] };
  expect(await caught(readParquetTrajectory(table([0, 1, 2]), other))).toMatch(/"hip"/);
  expect(await caught(readParquetTrajectory(new Uint8Array(40), schema))).toMatch(/Parquet/);
});
