// Kept and added: the A/B player lets one hear and see only what lies below or above a frequency.

import { make, makeButton } from "./elements.js";
import { fractionAt, hertz } from "./player_view.js";

export class Band {
  constructor(player) {
    Object.assign(this, { player, hz: player.value.kept_hz, type: null });
  }

  buttons() {
    const node = make("span", "wmp-group wmp-band", "", { role: "group", "aria-label": "Part" });
    if (!this.hz) return node;
    const parts = [
      [null, "All", "Hear and see everything"],
      ["lowpass", `Kept, below ${hertz(this.hz)}`, "Only what was in the recording (filter, 48 dB an octave)"],
      ["highpass", `Added, above ${hertz(this.hz)}`, "Only what the restoration has made up (filter, 48 dB an octave)"],
    ];
    this.chips = parts.map(([type, text, title]) => [type, makeButton("wmp-toggle", text, title, () => this.choose(type))]);
    node.append(...this.chips.map(([, button]) => button));
    this.show();
    return node;
  }

  choose(type) {
    this.type = type;
    this.player.transport.filter(type, this.hz);
    this.show();
    this.draw();
  }

  show() {
    for (const [type, button] of this.chips) button.setAttribute("aria-pressed", type === this.type);
  }

  /** Darkens what is not heard on the spectrograms. */
  draw() {
    for (const { plot, high, axis } of this.player.pictures?.figures ?? []) {
      if (!axis.time || high.unit !== "kHz") continue;
      plot.querySelector(".wmp-shade")?.remove();
      if (!this.type) continue;
      const level = Math.min(Math.max(fractionAt(high, this.hz), 0), 1);
      const shade = make("div", "wmp-shade");
      shade.style[this.type === "lowpass" ? "bottom" : "top"] = `${100 * (this.type === "lowpass" ? level : 1 - level)}%`;
      plot.append(shade);
    }
  }
}
