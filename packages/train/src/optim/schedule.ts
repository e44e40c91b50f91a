export interface ScheduleOptions {
  /** Peak rate. */
  readonly learningRate: number;
  readonly steps: number;
  /** Steps of linear rise from zero. Default 0. */
  readonly warmup?: number;
  /** Rate at the last step as a share of the peak. Default 0.01. */
  readonly floor?: number;
}

/** Linear warm-up, then half a cosine (arXiv 1608.03983 without restarts). `step` counts from 0. */
export function cosineSchedule(options: ScheduleOptions): (step: number) => number {
  const { learningRate, steps, warmup = 0, floor = 0.01 } = options;
  return (step) => {
    if (step < warmup) return (learningRate * (step + 1)) / warmup;
    const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
    return learningRate * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * done)));
  };
}
