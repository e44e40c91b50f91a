import { techniques as bsq } from "./quantizers/bsq.js";
import { techniques as fsq } from "./quantizers/fsq.js";
import { techniques as kmeansUnits } from "./quantizers/kmeans-units.js";
import { techniques as lfq } from "./quantizers/lfq.js";
import { techniques as randomProjection } from "./quantizers/random-projection.js";
import { techniques as runLength } from "./quantizers/run-length.js";
import { techniques as kmeans } from "./quantizers/kmeans.js";
import { techniques as vqAssign } from "./quantizers/vq-assign.js";
import { techniques as vqUpdate } from "./quantizers/vq-update.js";
import { techniques as vq } from "./quantizers/vq.js";
import { techniques as vqHyp } from "./quantizers/vq-hyp.js";
import { techniques as rvq } from "./quantizers/rvq.js";
import { techniques as ervq } from "./quantizers/ervq.js";
import { techniques as irvq } from "./quantizers/irvq.js";
import { techniques as prvq } from "./quantizers/prvq.js";
import { techniques as groupRvq } from "./quantizers/group-rvq.js";
import { techniques as multiScaleRvq } from "./quantizers/multi-scale-rvq.js";
import { techniques as cq } from "./quantizers/cq.js";
import { techniques as pq } from "./quantizers/pq.js";
import { techniques as opq } from "./quantizers/opq.js";
import { techniques as lopq } from "./quantizers/lopq.js";
import { techniques as rvpq } from "./quantizers/rvpq.js";
import { techniques as vaq } from "./quantizers/vaq.js";
import { techniques as onlinePq } from "./quantizers/online-pq.js";
import { techniques as aq } from "./quantizers/aq.js";
import { techniques as lsq } from "./quantizers/lsq.js";
import type { Technique } from "./quantizers/technique.js";

/**
 * Every technique of this package, as data: the source of TECHNIQUES.md
 * (`npx tsx --conditions=@dtok/source tooling/scripts/techniques.ts`).
 */
export const techniques: readonly Technique[] = /* @__PURE__ */ (() => [
  ...vq,
  ...vqHyp,
  ...kmeans,
  ...vqUpdate,
  ...vqAssign,
  ...rvq,
  ...ervq,
  ...irvq,
  ...prvq,
  ...groupRvq,
  ...multiScaleRvq,
  ...pq,
  ...opq,
  ...lopq,
  ...vaq,
  ...rvpq,
  ...onlinePq,
  ...cq,
  ...aq,
  ...lsq,
  ...fsq,
  ...lfq,
  ...bsq,
  ...randomProjection,
  ...kmeansUnits,
  ...runLength,
])();
