// The booth of a listening test: plays a trial's sounds in step, gapless, and takes the answer.

import { Choice, Scores, VOTES } from "./booth_answers.js";
import { clock } from "./clock.js";
import { drawing, make, makeButton, PAUSE, PLAY } from "./elements.js";
import { Wav } from "./player_sound.js";
import { Transport } from "./player_transport.js";

const MIN_LOOP_S = 0.2;
const TYPED = "textarea, select, [contenteditable=true], [role=textbox], input:not([type=radio], [type=range])";

/** One trial. */
class Booth {
  constructor(root, value, wavs, submitted) {
    Object.assign(this, { root, value, submitted, heard: new Set(), gone: new AbortController() });
    this.transport = new Transport(wavs, value.stimuli.map(({ gain_db: gain }) => gain), () => this.draw());
    this.rate = this.transport.rate;
    this.seconds = this.transport.frames / this.rate;
    this.buttons = value.stimuli.map((stimulus, track) => this.player(stimulus, track));
    this.answers = this.questions();
    root.replaceChildren(this.head(), this.bar(), this.stage(), this.foot(), this.help());
    this.setLoop({ start: 0, end: this.seconds });
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.gone.signal });
    root.addEventListener("click", ({ detail, target }) => {
      if (detail && !target.closest("label, input")) root.focus({ preventScroll: true });
    }, { signal: this.gone.signal });
    this.draw();
  }

  // --- what is built -----------------------------------------------------------------------------

  head() {
    const { number, n_trials: count, note } = this.value;
    const head = make("div", "wml-head");
    const meter = make("div", "wm-meter");
    const done = make("i");
    done.style.width = `${(100 * (number - 1)) / count}%`;
    meter.append(done);
    head.append(make("b", "", `Trial ${number} of ${count}`), make("span", "", note, { role: "status" }), meter);
    return head;
  }

  bar() {
    const bar = make("div", "wml-bar");
    this.play = makeButton("wml-play", "", "Play", () => this.toggle());
    this.play.append(drawing(PLAY, 16, 16, true));
    this.ruler = make("input", "", "", { type: "range", min: 0, max: this.seconds, step: 0.01, "aria-label": "Position" });
    this.ruler.value = 0;
    this.ruler.addEventListener("input", () => this.transport.seek(this.ruler.value * this.rate));
    this.clock = make("span", "wml-clock");
    this.loopButton = makeButton("wml-loop", "Loop", "Loop (L); [ and ] set its ends", () => this.turnLoop(!this.looping));
    bar.append(this.play, this.ruler, this.clock, this.loopButton);
    return bar;
  }

  player({ key, label }, track) {
    const button = makeButton("wml-sound", "", `Play ${label} (key ${key})`, () => this.hear(track));
    button.setAttribute("aria-label", label === "Play" ? "Play" : `Play ${label}`);
    button.append(make("b", "", label));
    if (key !== label) button.append(make("kbd", "", key));
    return button;
  }

  /** The button that plays a track. */
  playButton(track) {
    return this.buttons[track];
  }

  questions() {
    const { test, stimuli } = this.value;
    const changed = () => this.draw();
    if (test === "mushra") return new Scores(this, stimuli.slice(1));
    if (test === "abx") return new Choice("X is", [["A", "A", "1"], ["B", "B", "2"]], changed);
    const votes = VOTES.map(([vote, text]) => [vote, text, `${vote}`]);
    return new Choice("How good does it sound?", votes, changed);
  }

  stage() {
    const stage = make("div", `wml-stage wml-${this.value.test}`);
    const rated = this.value.test === "mushra" ? this.buttons.slice(0, 1) : this.buttons;
    const sounds = make("div", "wml-sounds");
    sounds.append(...rated);
    stage.append(sounds, this.answers.node);
    return stage;
  }

  foot() {
    const foot = make("div", "wml-foot");
    const last = this.value.number === this.value.n_trials;
    this.next = makeButton("wml-next", last ? "Finish" : "Next", "Enter", () => this.submit());
    this.next.append(make("kbd", "", "\u21b5"));
    this.hint = make("span", "wml-hint", "", { role: "status" });
    foot.append(this.hint, this.next);
    return foot;
  }

  help() {
    const keys = {
      abx: [["A B X", "play"], ["1 2", "answer"]],
      mos: [["1 \u2013 5", "answer"]],
      mushra: [[`0 \u2013 ${this.value.stimuli.length - 1}`, "play"], ["\u2191 \u2193", "score"]],
    };
    const rest = [["Space", "pause"], ["[ ] L", "loop"], ["\u21b5", "next"]];
    const node = make("p", "wml-keys");
    for (const [key, deed] of [...keys[this.value.test], ...rest]) {
      const pair = make("span");
      pair.append(make("kbd", "", key), ` ${deed}`);
      node.append(pair);
    }
    return node;
  }

  // --- deeds -------------------------------------------------------------------------------------

  toggle() {
    if (this.transport.playing) this.transport.pause();
    else this.transport.play();
  }

  /** Switches to a sound at the same position; it plays. */
  hear(track) {
    this.transport.select(track);
    this.transport.play();
    this.draw();
  }

  seek(seconds) {
    this.transport.seek(seconds * this.rate);
  }

  setLoop(loop) {
    const start = Math.max(Math.min(loop.start, this.seconds - MIN_LOOP_S), 0);
    this.loop = { start, end: Math.min(Math.max(loop.end, start + MIN_LOOP_S), this.seconds) };
    this.turnLoop(true);
  }

  turnLoop(on) {
    this.looping = on;
    const frames = (seconds) => Math.round(seconds * this.rate);
    this.transport.setLoop(on ? { start: frames(this.loop.start), end: frames(this.loop.end) } : null);
  }

  get missing() {
    const unheard = this.value.stimuli.filter((_, track) => !this.heard.has(track));
    if (unheard.length) return `Not played yet: ${unheard.map(({ label }) => (label === "Play" ? "the sound" : label)).join(", ")}`;
    return this.answers.given ? "" : "Then answer.";
  }

  submit() {
    if (this.missing) return this.draw();
    this.transport.pause();
    this.root.inert = true;
    this.root.dataset.answer = JSON.stringify({ number: this.value.number, answers: this.answers.given });
    this.submitted();
  }

  // --- keys --------------------------------------------------------------------------------------

  key(event) {
    const { target, key, ctrlKey, altKey, metaKey, defaultPrevented } = event;
    if (!this.root.isConnected) return this.dispose();
    if (ctrlKey || altKey || metaKey || defaultPrevented || this.root.inert || !this.root.offsetParent) return;
    if (!target.closest || target.closest(TYPED)) return;
    if ((key === " " || key === "Enter") && target.closest("button, summary, a, [role=tab]")) return;
    if (key.startsWith("Arrow") && target.closest("input, [role=tab]")) return;
    if (key === " " && target.closest("[type=radio]")) return;
    const deed = this.deed(key);
    if (!deed) return;
    event.preventDefault();
    if (!event.repeat || key.startsWith("Arrow")) deed();
  }

  /** What a key does; undefined when nothing. */
  deed(key) {
    const at = this.transport.position() / this.rate;
    const deeds = {
      " ": () => this.toggle(),
      Enter: () => this.submit(),
      ArrowLeft: () => this.seek(at - 1),
      ArrowRight: () => this.seek(at + 1),
      l: () => this.turnLoop(!this.looping),
      "[": () => this.setLoop({ start: at, end: this.loop.end > at ? this.loop.end : this.seconds }),
      "]": () => this.setLoop({ start: this.loop.start < at ? this.loop.start : 0, end: at }),
    };
    const track = this.value.stimuli.findIndex((stimulus) => stimulus.key === key.toUpperCase());
    if (track >= 0) return () => this.chosen(track);
    return deeds[key.length === 1 ? key.toLowerCase() : key] ?? (/^\d$/.test(key) ? () => this.answers.key(key) : undefined);
  }

  chosen(track) {
    this.hear(track);
    this.answers.focus?.(track);
  }

  // --- what moves --------------------------------------------------------------------------------

  draw() {
    const { transport, looping } = this;
    if (transport.run) this.heard.add(transport.active);
    this.root.dataset.state = transport.waiting ? "waiting" : transport.playing ? "playing" : "paused";
    this.play.title = transport.playing ? "Pause (space)" : "Play (space)";
    this.play.setAttribute("aria-label", transport.playing ? "Pause" : "Play");
    this.play.querySelector("path").setAttribute("d", transport.playing ? PAUSE : PLAY);
    this.loopButton.setAttribute("aria-pressed", looping);
    this.buttons.forEach((button, track) => button.setAttribute("aria-pressed", transport.playing && track === transport.active));
    const { missing } = this;
    this.hint.textContent = transport.error ? `Cannot play: ${transport.error.message}` : transport.waiting ? "Loading\u2026" : missing;
    this.next.setAttribute("aria-disabled", Boolean(missing));
    this.move();
  }

  move() {
    const at = this.transport.position() / this.rate;
    const percent = (seconds) => `${(100 * seconds) / this.seconds}%`;
    this.ruler.value = at;
    this.ruler.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${this.seconds.toFixed(1)} seconds`);
    const shown = this.looping ? this.loop : { start: 0, end: this.seconds };
    this.ruler.style.setProperty("--start", percent(shown.start));
    this.ruler.style.setProperty("--end", percent(shown.end));
    this.clock.textContent = `${clock(at, 1)} / ${clock(this.seconds, 1)}`;
    if (!this.root.isConnected) this.dispose();
    else if (this.transport.playing) {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.move());
    }
  }

  dispose() {
    this.gone.abort();
    cancelAnimationFrame(this.frame);
    this.transport.dispose();
  }
}

export function mount({ element, props, trigger, watch }) {
  const root = element.querySelector(".wm-booth");
  let latest = 0;

  async function showValue() {
    const mine = ++latest;
    const value = JSON.parse(JSON.stringify(props.value || null));
    root.booth?.dispose();
    root.booth = null;
    try {
      const wavs = await Promise.all((value?.stimuli ?? []).map(({ file }) => new Wav(file.url).open()));
      if (mine !== latest) return;
      root.replaceChildren();
      root.hidden = !wavs.length;
      if (wavs.length) root.booth = new Booth(root, value, wavs, () => trigger("submit"));
    } catch (error) {
      root.replaceChildren(make("p", "wm-problem", `Cannot open the sound: ${error.message}. Reload the page.`));
      root.hidden = false;
    }
    root.inert = false;
    if (root.booth) root.focus({ preventScroll: true });
  }

  watch("value", showValue);
  showValue();
}
