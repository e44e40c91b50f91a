import { talk } from "./sounds.js";

/** What is compared between Node.js and browsers. */
export const NAMES = ["sound-16k", "speech-40hz", "units-50hz"] as const;

/** A second and a bit, at a rate that is resampled. */
export const signal = () => talk(1.3, 22_050);
