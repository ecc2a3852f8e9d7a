// The mixer of the A/B player: stems that sound together, each with mute, solo and level.

import { make, makeButton } from "./elements.js";
import { decibels } from "./player_view.js";

const LOWEST_DB = -60;
const HIGHEST_DB = 12;

export class Mixer {
  constructor({ tracks, muted }, transport) {
    Object.assign(this, { tracks, transport });
    this.strips = tracks.map(({ gain_db: gain }, i) => ({ gain, muted: muted[i], solo: false }));
    transport.mixer = this;
  }

  /** How loud a track is, as a factor: whatever is solo silences the rest. */
  level(track) {
    const { gain, muted, solo } = this.strips[track];
    const others = this.strips.some((strip) => strip.solo);
    return (others ? solo : !muted) ? 10 ** (gain / 20) : 0;
  }

  toggle(track, what) {
    this.strips[track][what] = !this.strips[track][what];
    this.transport.mix();
  }

  /** A track's head: name, mute, solo, level. */
  head(track, index) {
    const node = make("div", "wmp-track wmp-strip");
    const name = make("span", "wmp-label", track.label, { title: track.label });
    const button = (text, what, word) => {
      const one = makeButton("wmp-toggle", text, `${word} ${track.label}`, () => this.toggle(index, what));
      one.setAttribute("aria-label", `${word} ${track.label}`);
      one.dataset.what = what;
      return one;
    };
    const range = { type: "range", min: LOWEST_DB, max: HIGHEST_DB, step: 0.5, "aria-label": `Level of ${track.label} (dB)` };
    const fader = make("input", "wmp-fader", "", range);
    fader.value = this.strips[index].gain;
    fader.addEventListener("input", () => {
      this.strips[index].gain = +fader.value;
      this.transport.mix();
    });
    fader.addEventListener("dblclick", () => {
      this.strips[index].gain = fader.value = 0;
      this.transport.mix();
    });
    const line = make("span", "wmp-line");
    line.append(fader, make("span", "wmp-gain"));
    const top = make("span", "wmp-line");
    top.append(name, button("M", "muted", "Mute"), button("S", "solo", "Solo"));
    node.append(top, line);
    return node;
  }

  draw(node, index) {
    const strip = this.strips[index];
    node.querySelectorAll("[data-what]").forEach((one) => one.setAttribute("aria-pressed", strip[one.dataset.what]));
    node.querySelector(".wmp-gain").textContent = decibels(strip.gain);
    return this.level(index) > 0;
  }
}
