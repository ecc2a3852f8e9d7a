// The A/B player: builds the view, listens to pointer and keys, follows the transport.

import { clock } from "./clock.js";
import { drawing, make, makeButton, PAUSE, PLAY } from "./elements.js";
import { Band } from "./player_band.js";
import { Keys } from "./player_keys.js";
import { Marks } from "./player_marks.js";
import { Mixer } from "./player_mixer.js";
import { Pictures } from "./player_pictures.js";
import { Surface } from "./player_surface.js";
import { Transport } from "./player_transport.js";
import { decibels, decodePeaks, FULL_SCALE, mark, ticks, waveform } from "./player_view.js";
import { Zoom } from "./player_zoom.js";

const MIN_LOOP_S = 0.05;

/** Everything that belongs to one value of the component; `stretch` asks the server for a picture. */
export class Player {
  constructor(root, value, wavs, stretch) {
    Object.assign(this, { root, value, stretch, loop: null, preview: null, looping: false, surfaces: [] });
    const gains = value.tracks.map((track) => track.gain_db);
    this.transport = new Transport(wavs, gains, () => this.draw());
    this.mixer = value.muted?.length ? new Mixer(value, this.transport) : null;
    this.rate = this.transport.rate;
    this.seconds = this.transport.frames / this.rate;
    this.gone = new AbortController();
    this.marks = new Marks(this);
    this.zoom = new Zoom(this);
    this.band = new Band(this);
    this.message = "";
    this.pictures = new Pictures(this);
    root.replaceChildren(this.bar(), this.deck(), ...this.pictures.nodes(this.help()));
    this.listen();
    this.layout();
    this.draw();
  }

  // --- deeds -----------------------------------------------------------------------------------

  get position() {
    return this.transport.position() / this.rate;
  }

  toggle() {
    if (this.transport.playing) this.transport.pause();
    else this.transport.play();
  }

  /** A line beside the transport, such as which of nine clicks one has come to. */
  say(text) {
    this.message = text;
    this.draw();
  }

  seek(seconds) {
    this.transport.seek(seconds * this.rate);
  }

  select(track) {
    if (this.mixer) this.mixer.toggle(track, "solo");
    else if (track < this.value.tracks.length) this.transport.select(track);
  }

  /** Goes on where another player of the same recording stood. */
  resume({ position, loop, looping, active, matched, shown }) {
    this.loop = loop;
    this.turnLoop(looping);
    this.transport.match(matched);
    this.select(Math.min(active, this.value.tracks.length - 1));
    this.seek(position);
    if (shown) this.zoom.set(...shown);
  }

  /** Sets the loop to {start, end} in seconds (null: none) and turns it on. */
  setLoop(loop) {
    this.preview = null;
    if (loop) {
      const start = Math.max(Math.min(loop.start, this.seconds - MIN_LOOP_S), 0);
      loop = { start, end: Math.min(Math.max(loop.end, start + MIN_LOOP_S), this.seconds) };
    }
    this.loop = loop;
    this.turnLoop(Boolean(loop));
  }

  turnLoop(on) {
    if (on && !this.loop) this.loop = { start: 0, end: this.seconds };
    this.looping = on;
    const frames = (seconds) => Math.round(seconds * this.rate);
    this.transport.setLoop(on ? { start: frames(this.loop.start), end: frames(this.loop.end) } : null);
  }

  /** [ or ]: one end of the loop goes where the playhead is. */
  setEdge(edge) {
    const at = this.position;
    const { start, end } = this.loop ?? { start: 0, end: this.seconds };
    if (edge === "start") this.setLoop({ start: at, end: end > at ? end : this.seconds });
    else this.setLoop({ start: start < at ? start : 0, end: at });
  }

  // --- what is built -----------------------------------------------------------------------------

  bar() {
    const bar = make("div", "wmp-bar");
    this.play = makeButton("wmp-play", "", "", () => this.toggle());
    this.play.append(drawing(PLAY, 16, 16, true));
    this.clock = make("span", "wmp-clock");
    const length = make("span", "wmp-length", `/ ${clock(this.seconds)}`);
    this.loopButton = makeButton("wmp-toggle", "Loop", "Loop (L)", () => this.turnLoop(!this.looping));
    this.span = make("span", "wmp-span");
    this.clear = makeButton("wmp-clear", "\u00d7", "Remove the loop", () => this.setLoop(null));
    this.matchButton = makeButton("wmp-toggle", "Match loudness", "Same loudness for all (M)", () =>
      this.transport.match(!this.transport.matched),
    );
    this.status = make("span", "wmp-status", "", { role: "status" });
    const loop = make("span", "wmp-group");
    loop.append(this.loopButton, this.span, this.clear);
    this.matchButton.hidden = Boolean(this.mixer) || this.value.tracks.length < 2;
    bar.append(this.play, this.clock, length, loop, this.matchButton, this.band.buttons(), this.zoom.buttons(), this.marks.buttons(), this.status);
    return bar;
  }

  deck() {
    const deck = make("div", this.mixer ? "wmp-deck wmp-mixing" : "wmp-deck");
    this.ruler = make("div", "wmp-ruler", "", { role: "slider", tabindex: "0", "aria-label": "Position" });
    this.ruler.setAttribute("aria-valuemin", "0");
    this.ruler.setAttribute("aria-valuemax", this.seconds.toFixed(3));
    const peaks = this.value.tracks.map((track) => decodePeaks(track.peaks));
    const top = peaks.flatMap((pairs) => [...pairs]).reduce((a, b) => Math.max(a, Math.abs(b)), 1);
    const zoom = 0.94 * Math.min(FULL_SCALE / top, 50);
    const gains = this.value.tracks.map(({ gain_db: gain }) => (this.mixer || gain < 0 ? 1 : 10 ** (gain / 20)));
    this.heights = gains.map((gain) => gain * zoom); // a faint difference is drawn as loud as it is played
    const head = (track, index) => this.mixer?.head(track, index) ?? this.trackButton(track, index);
    this.tracks = this.value.tracks.map(head);
    const lanes = peaks.map(() => make("div", "wmp-lane"));
    this.lanes = lanes;
    peaks.forEach((pairs, index) => this.wave(index, pairs, { start: 0, end: this.seconds }));
    const time = make("div", "wmp-time");
    time.append(this.ruler, ...lanes);
    this.surface(time, this.zoom.time);
    this.marks.layer(time, this.zoom.time);
    const heads = make("div", "wmp-tracks");
    const { unit } = this.zoom.time;
    heads.append(make("span", "wmp-corner", unit), ...this.tracks);
    deck.append(heads, time);
    return deck;
  }

  /** A waveform of a stretch in a track's lane. */
  wave(index, pairs, region, sharp = "") {
    const svg = waveform(pairs, this.heights[index]);
    svg.region = region;
    if (sharp) svg.classList.add(sharp);
    this.lanes[index].append(svg);
  }

  /** Shows a stretch as the server has drawn it; null: the whole as it came. */
  sharpen(answer) {
    for (const lane of this.lanes) for (const old of lane.querySelectorAll(".wmp-sharp")) old.remove();
    for (const lane of this.lanes) lane.classList.toggle("wmp-near", Boolean(answer));
    if (!answer) return this.pictures.blur();
    answer.peaks.forEach((text, index) => this.wave(index, decodePeaks(text), answer, "wmp-sharp"));
    this.pictures.sharpen(answer, answer.pictures);
    this.layout();
  }

  show(view) {
    this.pictures.show(view);
  }

  trackButton(track, index) {
    const title = `${track.label} (key ${track.key})`;
    const node = makeButton("wmp-track", "", title, () => this.select(index));
    const text = make("span", "wmp-text");
    text.append(make("span", "wmp-label", track.label), make("span", "wmp-gain"));
    node.append(make("kbd", "", track.key), text);
    return node;
  }

  surface(node, axis) {
    const actions = {
      seek: (seconds) => this.seek(seconds),
      loop: (loop) => this.setLoop(loop),
      preview: (loop) => {
        this.preview = loop;
        this.draw();
      },
    };
    this.surfaces.push(new Surface(node, axis, actions));
  }

  help() {
    const node = make("span", "wmp-keys");
    const keys = this.value.tracks.map((track) => track.key).join(" ");
    const alone = this.value.tracks.length === 1;
    const rest = Keys.HELP.filter(([key]) => key !== "M" || !(this.mixer || alone));
    const first = alone ? [] : [[keys, this.mixer ? "solo" : "switch"]];
    for (const [key, deed] of [...first, ...rest]) {
      const pair = make("span");
      pair.append(make("kbd", "", key), ` ${deed}`);
      node.append(pair, " ");
    }
    return node;
  }

  layout() {
    if (!this.ruler.clientWidth) return;
    const axis = this.zoom.time;
    mark(this.ruler, axis, ticks(axis, this.ruler.clientWidth / 60), "left");
    for (const lane of this.lanes) for (const svg of lane.children) this.zoom.place(svg, svg.region);
    this.pictures.layout();
    this.marks.draw();
    this.band.draw();
  }

  // --- what moves --------------------------------------------------------------------------------

  draw() {
    const { transport, looping } = this;
    this.root.dataset.state = transport.waiting ? "waiting" : transport.playing ? "playing" : "paused";
    this.play.title = transport.playing ? "Pause (space)" : "Play (space)";
    this.play.setAttribute("aria-label", transport.playing ? "Pause" : "Play");
    this.play.querySelector("path").setAttribute("d", transport.playing ? PAUSE : PLAY);
    this.loopButton.setAttribute("aria-pressed", looping);
    this.matchButton.setAttribute("aria-pressed", transport.matched);
    const loop = this.preview ?? this.loop;
    this.root.toggleAttribute("data-marked", Boolean(this.loop));
    this.span.textContent = loop ? `${clock(loop.start, 2)} \u2013 ${clock(loop.end, 2)}` : "";
    this.clear.hidden = !loop;
    this.status.textContent = transport.error ? `Cannot play: ${transport.error.message}` : transport.waiting ? "Loading\u2026" : this.message;
    this.tracks.forEach((track, i) => {
      if (this.mixer) return this.lanes[i].classList.toggle("wmp-active", this.mixer.draw(track, i));
      track.setAttribute("aria-pressed", i === transport.active);
      this.lanes[i].classList.toggle("wmp-active", i === transport.active);
      const gain = transport.matched ? transport.gains[i] : 0;
      track.querySelector(".wmp-gain").textContent = Math.abs(gain) < 0.05 ? "" : decibels(gain);
    });
    this.move();
  }

  /** The playhead, on every frame of the screen while something plays. */
  move() {
    const { position, root } = this;
    this.clock.textContent = clock(position);
    this.ruler.setAttribute("aria-valuenow", position.toFixed(1));
    this.ruler.setAttribute("aria-valuetext", `${position.toFixed(1)} of ${this.seconds.toFixed(1)} seconds`);
    const loop = this.preview ?? this.loop;
    if (this.transport.playing && this.zoom.zoomed) this.zoom.reveal(position);
    this.surfaces.forEach((surface) => surface.draw(position, loop, this.looping || Boolean(this.preview)));
    if (!root.isConnected) this.dispose();
    else if (this.transport.playing) {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.move());
    }
  }

  listen() {
    const { root, gone } = this;
    const { signal } = gone;
    this.keys = new Keys(this, signal);
    this.zoom.listen(root, signal);
    // After a click (not a key) the focus leaves the button, so that space plays and pauses again.
    root.addEventListener("click", ({ detail }) => detail && root.focus({ preventScroll: true }), { signal });
    for (const name of ["pointerdown", "focusin"]) {
      root.addEventListener(name, () => (root.usedAt = performance.now()), { signal });
    }
    document.addEventListener("click", ({ target }) => {
      const name = target.closest?.("[data-finding]")?.dataset.finding;
      if (name && root.offsetParent) this.marks.jump(name);
    }, { signal });
    const observer = new ResizeObserver(() => this.layout());
    observer.observe(root);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  // --- for tests, and the end ----------------------------------------------------------------------

  get state() {
    const { transport, position, seconds, loop, looping } = this;
    const { playing, waiting, active, matched, segments, context } = transport;
    const rate = context?.sampleRate;
    const shown = this.zoom.zoomed ? [this.zoom.time.low, this.zoom.time.high] : null;
    return { position, seconds, playing, waiting, active, matched, loop, looping, shown, rate, bytes: segments.size };
  }

  dispose() {
    this.gone.abort();
    cancelAnimationFrame(this.frame);
    this.transport.dispose();
  }
}
