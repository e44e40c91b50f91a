import type { View } from "../view.js";
import { view as image } from "./image.js";
import { view as audio } from "./audio.js";
import { view as video } from "./video.js";
import { view as motion } from "./motion.js";
import { view as graph } from "./graph.js";
import { view as items } from "./items.js";

/** In the order in which a file is offered to them. */
export const views: readonly View[] = [image, audio, video, motion, graph, items];
