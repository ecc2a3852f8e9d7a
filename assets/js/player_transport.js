// The transport of the A/B player: one schedule for all tracks, of which one is heard.

import { FADE_S, Fader, Segments } from "./player_sound.js";

const AHEAD_S = 3;
const FETCH_AHEAD = 5;
const LEAD_S = 0.02;
const BUTTERWORTH = [0.5098, 0.6013, 0.8999, 2.5629]; // quality factors of order 8: 48 dB an octave

/** The page's AudioContext at a file's rate, so that nothing but the sound device resamples. */
function contextAt(rate) {
  window.wavemendContexts ??= new Map();
  const pool = window.wavemendContexts;
  if (!pool.has(rate)) {
    let context;
    try {
      context = new AudioContext({ sampleRate: rate });
    } catch {
      context = new AudioContext(); // a rate this browser does not run at
    }
    context.busy = new Set();
    pool.set(rate, context);
  }
  return pool.get(rate);
}

/** Filters between a node and the speakers; `type` is "lowpass", "highpass" or null for none. */
function filtered(context, type, hz) {
  if (!type) return [];
  return BUTTERWORTH.map((q) => new BiquadFilterNode(context, { type, frequency: hz, Q: 20 * Math.log10(q) }));
}

/** Uninterrupted playing from one frame on: pieces, scheduled back to back for every track. */
class Run {
  constructor(context, buses, rate, frame, time) {
    Object.assign(this, { context, rate, next: frame, time, until: time, elapsed: 0, ended: false });
    this.faders = buses.map((bus) => new Fader(context, bus.node, 0));
    this.faders.forEach((fader) => fader.move(1, time));
    this.map = [];
    this.sources = new Set();
  }

  /** Plays the next `length` frames from buffers whose first frame is `start`; then goes on at `next`. */
  add(buffers, start, length, next) {
    const at = this.time + this.elapsed / this.rate;
    const first = this.elapsed === 0;
    buffers.forEach((buffer, track) => {
      if (buffer) this.piece(buffer, track, at, this.next - start, length, first);
    });
    this.map = this.map.filter((part) => part.until > this.context.currentTime - 1);
    this.elapsed += length;
    this.until = this.time + this.elapsed / this.rate;
    this.map.push({ at, until: this.until, from: this.next, to: this.next + length });
    this.next = next;
  }

  piece(buffer, track, at, offset, length, first) {
    const source = new AudioBufferSourceNode(this.context, { buffer });
    const node = new GainNode(this.context, { gain: first ? 1 : 0 });
    const end = at + length / this.rate;
    if (!first) node.gain.setValueAtTime(0, at).linearRampToValueAtTime(1, at + FADE_S);
    node.gain.setValueAtTime(1, end).linearRampToValueAtTime(0, end + FADE_S);
    source.connect(node).connect(this.faders[track].node);
    source.start(at, offset / this.rate, length / this.rate + FADE_S);
    source.onended = () => {
      node.disconnect();
      this.sources.delete(source);
    };
    this.sources.add(source);
  }

  /** The frame that sounds at a time of the context. */
  frame(time) {
    const part = this.map.findLast((p) => p.at <= time) ?? this.map[0];
    if (!part) return this.next;
    return Math.min(part.from + Math.max(time - part.at, 0) * this.rate, part.to);
  }

  stop(time) {
    this.faders.forEach((fader) => fader.move(0, time));
    this.sources.forEach((source) => source.stop(time + FADE_S));
    const silent = (time - this.context.currentTime + 2 * FADE_S) * 1000;
    setTimeout(() => this.faders.forEach((fader) => fader.node.disconnect()), silent + 200);
  }
}

/** Play, pause, seek, loop and choose; `onchange` is called after each change of state. */
export class Transport {
  constructor(wavs, gains, onchange, context = null) {
    Object.assign(this, { gains, onchange, context, playing: false, held: 0, run: null });
    Object.assign(this, { loop: null, active: 0, matched: true, error: null, ahead: AHEAD_S });
    this.mixer = null; // where there is one, it says how loud each track is
    this.rate = wavs[0].rate;
    this.frames = Math.max(...wavs.map((wav) => wav.frames));
    this.segments = new Segments(wavs, () => this.pump(), (error) => this.fail(error));
    this.segments.want([0]);
    if (context) this.connect();
  }

  connect() {
    this.context ??= contextAt(this.rate);
    this.output = new GainNode(this.context);
    this.route();
    this.buses = this.gains.map((_, i) => new Fader(this.context, this.output, this.level(i)));
  }

  /** Lets only one side of a frequency be heard: "lowpass", "highpass", or null for all. */
  filter(type, hz) {
    this.filtering = [type, hz];
    if (this.context) this.route();
  }

  route() {
    const { context, output, path = [] } = this;
    [output, ...path].forEach((node) => node.disconnect());
    this.path = filtered(context, ...(this.filtering ?? [null]));
    [...this.path, context.destination].reduce((from, to) => from.connect(to) && to, output);
  }

  get waiting() {
    return this.playing && !this.run;
  }

  /** The frame that is heard now (or, `latency` 0, the one the context is making now). */
  position(latency = this.context?.outputLatency || 0) {
    return this.run ? this.run.frame(this.context.currentTime - Math.min(latency, 0.5)) : this.held;
  }

  level(track) {
    if (this.mixer) return this.mixer.level(track);
    return track === this.active ? 10 ** ((this.matched ? this.gains[track] : 0) / 20) : 0;
  }

  play() {
    if (!this.context) this.connect();
    if (this.playing) return;
    if (this.held >= this.frames) this.held = this.loop ? this.loop.start : 0;
    Object.assign(this, { playing: true, error: null });
    this.claim();
    this.timer = setInterval(() => this.pump(), 100);
    this.pump();
    this.onchange();
  }

  /** Wakes the context and silences every other player of the page. */
  claim() {
    const { context } = this;
    if (!context.busy) return; // not the page's: a test renders
    for (const { busy } of window.wavemendContexts.values()) busy.forEach((other) => other.pause());
    context.busy.add(this);
    context.resume();
  }

  pause() {
    if (!this.playing) return;
    this.held = Math.round(this.halt());
    this.rest();
  }

  rest() {
    const { context } = this;
    clearInterval(this.timer);
    this.playing = false;
    this.onchange();
    context.busy?.delete(this);
    setTimeout(() => context.busy?.size === 0 && context.suspend(), 300);
  }

  seek(frame) {
    this.jump(Math.min(Math.max(Math.round(frame), 0), this.frames));
    this.onchange();
  }

  /** Loops over {start, end} in frames, or (null) no more; what plays outside it jumps in. */
  setLoop(loop) {
    const frame = Math.round(this.position(0));
    this.loop = loop;
    const inside = !loop || (frame >= loop.start && frame < loop.end);
    if (this.run || !inside) this.jump(inside ? null : loop.start);
    this.onchange();
  }

  select(track) {
    this.active = track;
    this.mix();
  }

  match(matched) {
    this.matched = matched;
    this.mix();
  }

  mix() {
    const time = (this.context?.currentTime ?? 0) + LEAD_S / 2;
    this.buses?.forEach((bus, track) => bus.move(this.level(track), time));
    this.onchange();
  }

  /** Goes on at `frame` (null: where it is), cross-fading from what sounds now. */
  jump(frame) {
    const time = this.soon();
    const now = this.run ? this.halt(time) : this.held;
    this.held = Math.round(frame ?? now);
    if (this.playing) this.pump(time);
  }

  /** A moment from now that lies on the context's sample grid. */
  soon() {
    if (!this.context) return 0;
    const { currentTime, sampleRate } = this.context;
    return Math.ceil((currentTime + LEAD_S) * sampleRate) / sampleRate;
  }

  /** Ends what sounds; returns the frame at which it does. */
  halt(time = this.soon()) {
    const frame = this.run ? this.run.frame(time) : this.held;
    this.run?.stop(time);
    this.run = null;
    return frame;
  }

  pump(time = this.soon()) {
    this.segments.want(this.needed());
    if (!this.playing) return;
    if (!this.run && this.segments.at(this.segments.index(this.held))) {
      this.run = new Run(this.context, this.buses, this.rate, this.held, time);
      this.onchange();
    }
    const { run, context } = this;
    if (!run) return;
    while (!run.ended && run.until < context.currentTime + this.ahead && this.extend(run));
    if (run.until > context.currentTime) return;
    this.held = run.ended ? this.frames : run.next; // the end, or the sound comes too slowly
    run.stop(time);
    this.run = null;
    if (run.ended) this.rest();
    else this.onchange();
  }

  /** Schedules the next piece; false where its sound is not here yet. */
  extend(run) {
    const index = this.segments.index(run.next);
    const buffers = this.segments.at(index);
    if (!buffers) return false;
    const { loop, frames } = this;
    const limit = loop && run.next < loop.end ? loop.end : frames;
    let end = Math.min((index + 1) * this.segments.length, limit);
    if (limit - end < this.segments.margin / 2) end = limit;
    const next = end === limit && limit === loop?.end ? loop.start : end;
    run.add(buffers, this.segments.start(index), end - run.next, next);
    run.ended = next === frames;
    return true;
  }

  /** The segments needed from here on, the most urgent first. */
  needed() {
    const { loop, segments } = this;
    const indices = [];
    let frame = this.run ? this.run.next : this.held;
    for (let n = 0; n <= FETCH_AHEAD && frame < this.frames; n++) {
      const index = segments.index(frame);
      indices.push(index);
      const looping = loop && frame < loop.end;
      frame = (index + 1) * segments.length;
      if (looping && frame >= loop.end) frame = loop.start;
    }
    return [...new Set(indices)];
  }

  fail(error) {
    this.error = error;
    if (this.playing) this.pause();
    else this.onchange();
  }

  dispose() {
    if (this.playing) this.pause();
    this.segments.dispose();
  }
}
