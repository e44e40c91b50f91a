import type { View } from "../view.js";

export const view: View = {
  id: "audio",
  title: "Sound",
  takes: "WAV, FLAC, MP3, Ogg, M4A; or the microphone",
  accept: "audio/*,.wav,.flac,.mp3,.ogg,.opus,.oga,.m4a,.aac,.weba",
  icon: "M4 10v4 M8 6v12 M12 3v18 M16 7v10 M20 10v4",
  samples: [
    { name: "voice 1", file: "conf-waitforleader.wav" },
    { name: "voice 2", file: "confbridge-rest-talk-vol-out.wav" },
    { name: "voice 3", file: "call-fwd-on-busy.wav" },
  ],
  layout: "timeline",
  place: ({ stride }, position) => `${(position * stride[0]!).toFixed(2)} s`,
  async prepare(file, name) {
    // AAC, and what a microphone's recorder writes: by the browser, which does so in pages only.
    if (!/\.(m4a|aac|mp4|weba|webm)$/i.test(name)) return file;
    const context = new OfflineAudioContext(1, 1, 48_000);
    let buffer: AudioBuffer;
    try {
      buffer = await context.decodeAudioData(await file.arrayBuffer());
    } catch {
      throw new Error(
        `${name} is not a sound that this browser decodes. Try WAV, FLAC, MP3 or Ogg.`,
      );
    }
    const samples = Array.from({ length: buffer.numberOfChannels }, (_, c) =>
      buffer.getChannelData(c).slice(),
    );
    return { samples, sampleRate: buffer.sampleRate };
  },
  code: (tokenizer, level, levels) => `import { loadAudioTokenizer, writeWav } from "@dtok/audio";

const tokenizer = await loadAudioTokenizer("${tokenizer.split("/")[1]}");
const grid = await tokenizer.encode("talk.mp3");
await writeWav("back.wav", await tokenizer.decode(grid${level !== null && level < levels ? `, { levels: ${level} }` : ""}));
await tokenizer.close();`,
};
