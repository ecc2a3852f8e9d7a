// The sound of the A/B player: WAV files read piece by piece, all tracks on one schedule.
//
// Everything is counted in frames of the files' common rate. Sound is fetched in segments of 2 s
// (HTTP Range) and played as pieces of segments. A piece goes on for one fade after its end while
// the next one fades in over the same sound; the two gains add up to 1, so a seam stays inaudible
// even where the context runs at another rate and buffers do not meet on its sample grid.

export const FADE_S = 0.005;
const SEGMENT_S = 2;
const CACHE_BYTES = 40e6;
const FLYING = 4; // requests at once, so that the first is not slowed down by the last

const READERS = {
  "1:8": (bytes) => { const v = new Uint8Array(bytes); return (i) => (v[i] - 128) / 128; },
  "1:16": (bytes) => { const v = new Int16Array(bytes); return (i) => v[i] / 32768; },
  "1:24": (bytes) => {
    const v = new Uint8Array(bytes);
    return (i) => ((v[3 * i] << 8) | (v[3 * i + 1] << 16) | (v[3 * i + 2] << 24)) / 2147483648;
  },
  "1:32": (bytes) => { const v = new Int32Array(bytes); return (i) => v[i] / 2147483648; },
  "3:32": (bytes) => { const v = new Float32Array(bytes); return (i) => v[i]; },
};

/** One WAV file on the server, of which only the asked-for parts are fetched. */
export class Wav {
  constructor(url) {
    this.url = url;
    this.whole = null;
  }

  async bytes(start, end, signal) {
    if (!this.whole) {
      const headers = { Range: `bytes=${start}-${end - 1}` };
      const answer = await fetch(this.url, { headers, signal });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const body = await answer.arrayBuffer();
      if (answer.status === 206) return body;
      this.whole = body; // a proxy that knows no Range: it has sent everything
    }
    return this.whole.slice(start, end);
  }

  async open() {
    const view = new DataView(await this.bytes(0, 4096));
    const name = (at) => String.fromCharCode(...new Uint8Array(view.buffer, at, 4));
    if (name(0) !== "RIFF" || name(8) !== "WAVE") throw new Error("not a WAV file");
    for (let at = 12; at + 8 <= view.byteLength; ) {
      const size = view.getUint32(at + 4, true);
      if (name(at) === "fmt ") this.format(view, at + 8);
      if (name(at) === "data") {
        this.offset = at + 8;
        this.frames = Math.floor(size / this.align);
        return this;
      }
      at += 8 + size + (size % 2);
    }
    throw new Error("a WAV file without sound");
  }

  format(view, at) {
    let tag = view.getUint16(at, true);
    if (tag === 0xfffe) tag = view.getUint16(at + 24, true);
    this.channels = view.getUint16(at + 2, true);
    this.rate = view.getUint32(at + 4, true);
    this.align = view.getUint16(at + 12, true);
    this.reader = READERS[`${tag}:${view.getUint16(at + 14, true)}`];
    if (!this.reader) throw new Error("a WAV file of unknown sample format");
  }

  /** Frames [start, end) as an AudioBuffer; null where the file holds none. */
  async read(start, end, signal) {
    const length = Math.min(end, this.frames) - start;
    if (length <= 0) return null;
    const first = this.offset + start * this.align;
    const sample = this.reader(await this.bytes(first, first + length * this.align, signal));
    const { channels: numberOfChannels, rate: sampleRate } = this;
    const buffer = new AudioBuffer({ length, numberOfChannels, sampleRate });
    for (let channel = 0; channel < numberOfChannels; channel++) {
      const out = buffer.getChannelData(channel);
      for (let i = 0, at = channel; i < length; i++, at += numberOfChannels) out[i] = sample(at);
    }
    return buffer;
  }
}

/** The segments of all tracks: fetched in the order of need, forgotten when memory is short. */
export class Segments {
  constructor(wavs, onload, onerror) {
    Object.assign(this, { wavs, onload, onerror, held: new Map(), flying: new Map() });
    this.length = Math.round(SEGMENT_S * wavs[0].rate);
    this.margin = Math.ceil(4 * FADE_S * wavs[0].rate);
  }

  get size() {
    let total = 0;
    for (const buffer of this.held.values()) {
      if (buffer) total += 4 * buffer.length * buffer.numberOfChannels;
    }
    return total;
  }

  /** The segment to play from `frame`: the next one where this one is about to end. */
  index(frame) {
    return Math.floor((frame + this.margin / 2) / this.length);
  }

  /** First frame of segment `index`'s buffers, which reach one margin further on both sides. */
  start(index) {
    return Math.max(index * this.length - this.margin, 0);
  }

  /** The AudioBuffers of segment `index`, one a track; null while any is missing. */
  at(index) {
    const names = this.wavs.map((_, track) => `${index}/${track}`);
    if (!names.every((name) => this.held.has(name))) return null;
    return names.map((name) => this.held.get(name));
  }

  /** Fetches these segments, first come first, and nothing else. */
  want(indices) {
    const names = new Set(indices.flatMap((i) => this.wavs.map((_, track) => `${i}/${track}`)));
    for (const [name, abort] of this.flying) {
      if (names.has(name)) continue;
      abort.abort();
      this.flying.delete(name);
    }
    for (const name of names) {
      if (this.held.has(name)) this.held.set(name, this.take(name)); // now the youngest
      else if (!this.flying.has(name) && this.flying.size < FLYING) this.fetch(name);
    }
    for (const name of this.held.keys()) {
      if (this.size <= CACHE_BYTES) break;
      if (!names.has(name)) this.held.delete(name);
    }
  }

  take(name) {
    const buffer = this.held.get(name);
    this.held.delete(name);
    return buffer;
  }

  async fetch(name) {
    const [index, track] = name.split("/").map(Number);
    const abort = new AbortController();
    this.flying.set(name, abort);
    try {
      const end = (index + 1) * this.length + this.margin;
      const buffer = await this.wavs[track].read(this.start(index), end, abort.signal);
      if (abort.signal.aborted) return;
      this.held.set(name, buffer);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.flying.delete(name);
      this.onerror(error);
      return;
    }
    this.flying.delete(name);
    this.onload();
  }

  dispose() {
    this.want([]);
    this.held.clear();
  }
}

/** A gain whose every move is a raised cosine of 5 ms, also when it interrupts another move. */
export class Fader {
  constructor(context, target, value) {
    Object.assign(this, { from: value, to: value, start: 0 });
    this.node = new GainNode(context, { gain: value });
    this.node.connect(target);
  }

  value(time) {
    const u = Math.min(Math.max((time - this.start) / FADE_S, 0), 1);
    return this.from + (this.to - this.from) * (0.5 - 0.5 * Math.cos(Math.PI * u));
  }

  move(to, time) {
    const { gain, context } = this.node;
    Object.assign(this, { from: this.value(context.currentTime), to, start: time });
    const curve = Float32Array.from({ length: 65 }, (_, i) => this.value(time + (FADE_S * i) / 64));
    gain.cancelScheduledValues(0);
    gain.setValueCurveAtTime(curve, time, FADE_S);
  }
}
