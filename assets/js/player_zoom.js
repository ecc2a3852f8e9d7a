// The zoom of the A/B player: which stretch of time and which band is shown, drawn by the server.

import { make, makeButton } from "./elements.js";
import { Surface } from "./player_surface.js";
import { fractionAt, timeAxis, valueAt } from "./player_view.js";

const SETTLED_MS = 120; // after the last move, a stretch is asked for
const AGAIN_MS = 250; // the server was busy
const STEP = 2;
const BLURRED = 400; // a picture stretched further shows nothing

export class Zoom {
  constructor(player) {
    const top = Math.max(0, ...player.value.pictures.map(({ about }) => (about.y.unit === "kHz" ? about.y.high : 0)));
    Object.assign(this, { player, top, asked: 0 });
    this.time = timeAxis(0, player.seconds);
    this.frequency = { unit: "kHz", low: 0, high: top, log: false };
    this.shortest = Math.min(64 / player.rate, player.seconds);
  }

  /** The axis of frequency, shared by all spectrograms. */
  band({ low, high }) {
    Object.assign(this.frequency, { low, high: Math.max(high, this.frequency.high) });
    return this.frequency;
  }

  get zoomed() {
    const { time, frequency, player, top } = this;
    return time.low > 0 || time.high < player.seconds || frequency.low > 0 || frequency.high < top;
  }

  // --- what is shown ----------------------------------------------------------------------------

  /** Shows [start, end) seconds, moved and cut to fit. */
  set(start, end) {
    const length = Math.min(Math.max(end - start, this.shortest), this.player.seconds);
    const low = Math.min(Math.max(start, 0), this.player.seconds - length);
    Object.assign(this.time, { low, high: low + length });
    this.apply();
  }

  setBand(low, high) {
    const height = Math.min(Math.max(high - low, this.top / 100), this.top);
    const from = Math.min(Math.max(low, 0), this.top - height);
    Object.assign(this.frequency, { low: from, high: from + height });
    this.apply();
  }

  /** Times `factor` closer; the time `at` stays where it is. */
  by(factor, at = this.anchor) {
    const { low, high } = this.time;
    this.set(at - (at - low) / factor, at + (high - at) / factor);
  }

  byHertz(factor, at = this.frequency.low) {
    const { low, high } = this.frequency;
    this.setBand(at - (at - low) / factor, at + (high - at) / factor);
  }

  pan(share) {
    const { low, high } = this.time;
    this.set(low + share * (high - low), high + share * (high - low));
  }

  whole() {
    Object.assign(this.frequency, { low: 0, high: this.top });
    this.set(0, this.player.seconds);
  }

  /** The playhead where it is shown, else the middle. */
  get anchor() {
    const { low, high } = this.time;
    const at = this.player.position;
    return at >= low && at <= high ? at : (low + high) / 2;
  }

  /** Brings a time into view, at the left if it was not. */
  reveal(at) {
    const { low, high } = this.time;
    if (at < low || at > high) this.set(at - 0.1 * (high - low), at + 0.9 * (high - low));
  }

  // --- how it is shown ---------------------------------------------------------------------------

  apply() {
    this.player.layout();
    this.player.draw();
    this.out.disabled = this.all.disabled = !this.zoomed;
    clearTimeout(this.timer);
    this.asked += 1;
    if (this.zoomed && this.player.value.zoom) this.timer = setTimeout(() => this.ask(this.asked), SETTLED_MS);
    else if (!this.zoomed) this.player.sharpen(null);
  }

  async ask(mine) {
    const { time, frequency, player } = this;
    const columns = Math.round(player.root.clientWidth / 2);
    const request = { key: player.value.zoom, start: time.low, end: time.high, low: frequency.low, high: frequency.high, columns };
    const answer = await player.stretch(request).catch(() => ({ busy: true }));
    if (mine !== this.asked || !player.root.isConnected) return;
    if (answer.busy) this.timer = setTimeout(() => this.ask(mine), AGAIN_MS);
    else if (!answer.gone) player.sharpen(answer);
  }

  /** Puts a picture of a stretch where that stretch is; `high` is its axis of frequency, if any. */
  place(node, { start, end, low, high: top }, high) {
    const [left, right] = [start, end].map((seconds) => fractionAt(this.time, seconds));
    node.style.left = `${100 * left}%`;
    node.style.width = `${100 * (right - left)}%`;
    node.style.visibility = right - left > BLURRED ? "hidden" : "";
    if (!high) return;
    const [bottom, ceiling] = [low, top].map((hz) => fractionAt(high, hz));
    node.style.top = `${100 * (1 - ceiling)}%`;
    node.style.height = `${100 * (ceiling - bottom)}%`;
  }

  // --- hands -------------------------------------------------------------------------------------

  buttons() {
    const node = make("span", "wmp-group wmp-zoom", "", { role: "group", "aria-label": "Zoom" });
    const one = (text, title, deed) => {
      const button = makeButton("wmp-toggle", text, title, deed);
      button.setAttribute("aria-label", `${text}: ${title}`); // the name begins with what is seen
      node.append(button);
      return button;
    };
    this.out = one("\u2212", "Zoom out (\u2212)", () => this.by(1 / STEP));
    one("+", "Zoom in (+)", () => this.by(STEP));
    if (this.top) {
      one("kHz \u2212", "More of the frequencies", () => this.byHertz(1 / STEP));
      one("kHz +", "Fewer of the frequencies", () => this.byHertz(STEP));
    }
    this.all = one("All", "Show everything (0)", () => this.whole());
    this.out.disabled = this.all.disabled = true;
    return node;
  }

  /** Wheel with Ctrl (or a pinch): time; with Alt: frequency; with Shift or sideways: along. */
  listen(node, signal) {
    const touches = new Map();
    const share = ({ clientX }, box) => Math.min(Math.max((clientX - box.left) / box.width, 0), 1);
    node.addEventListener("wheel", (event) => {
      const surface = event.target.closest?.(".wmp-surface");
      if (!surface) return;
      const { ctrlKey, metaKey, altKey, shiftKey, deltaX, deltaY } = event;
      const box = surface.getBoundingClientRect();
      const along = shiftKey ? deltaX || deltaY : Math.abs(deltaX) > Math.abs(deltaY) ? deltaX : 0;
      if (ctrlKey || metaKey) this.by(Math.exp(-deltaY / 200), valueAt(this.time, share(event, box)));
      else if (altKey && surface.matches(".wmp-heat")) this.byHertz(Math.exp(-deltaY / 200), valueAt(this.frequency, (box.bottom - event.clientY) / box.height));
      else if (along && this.zoomed) this.pan(along / box.width);
      else return;
      event.preventDefault();
    }, { signal, passive: false });
    const track = (event) => {
      if (event.pointerType !== "touch" || !touches.has(event.pointerId)) return;
      const before = [...touches.values()];
      touches.set(event.pointerId, event.clientX);
      if (touches.size !== 2) return;
      const gap = ([a, b]) => Math.max(Math.abs(a - b), 20);
      const after = [...touches.values()];
      const box = this.player.ruler.getBoundingClientRect();
      this.by(gap(after) / gap(before), valueAt(this.time, share({ clientX: (after[0] + after[1]) / 2 }, box)));
    };
    const end = ({ pointerId }) => {
      touches.delete(pointerId);
      if (!touches.size) setTimeout(() => (Surface.pinching = false));
    };
    node.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch" || !event.target.closest(".wmp-surface")) return;
      touches.set(event.pointerId, event.clientX);
      if (touches.size === 2) Surface.pinching = true;
    }, { signal, capture: true });
    node.addEventListener("pointermove", track, { signal });
    for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, end, { signal });
  }
}
