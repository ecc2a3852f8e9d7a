// Findings marked on the A/B player: lines where something happens in time, a line at a frequency.

import { drawing, make, makeButton } from "./elements.js";
import { fractionAt, hertz } from "./player_view.js";

const LEAD_IN_S = 0.5; // what is played before the place that one jumps to
const NEXT_S = 0.01;
const LOW_SHARE = 0.03; // of the picture: a line below is shown closer

/** The marks of one player; `jump` goes from one place of a finding to the next. */
export class Marks {
  constructor(player) {
    Object.assign(this, { player, all: player.value.marks ?? [], layers: [], shown: "" });
  }

  /** A button for each finding. */
  buttons() {
    const row = make("div", "wmp-found", "", { role: "group", "aria-label": "Findings" });
    this.chips = this.all.map((one) => {
      const count = one.spans.length;
      const detail = one.edge_hz ? hertz(one.edge_hz) : `${count}`;
      const title = one.edge_hz ? `Show ${one.label}` : `Go to the next of ${one.label} (${count})`;
      const node = makeButton("wmp-chip", one.label, title, () => this.jump(one.name));
      node.append(make("b", "", detail));
      return node;
    });
    row.append(...this.chips);
    row.hidden = !this.all.length;
    return row;
  }

  /** Marks on an element along which time runs; `high`, if given, is its axis of frequency. */
  layer(node, axis, high = null) {
    const layer = make("div", "wmp-marks");
    node.append(layer);
    this.layers.push({ layer, axis, high });
  }

  draw() {
    for (const { layer, axis, high } of this.layers) {
      layer.replaceChildren(...this.all.flatMap((one) => this.drawn(one, axis, high)));
    }
    this.chips?.forEach((chip, i) => chip.setAttribute("aria-pressed", this.all[i].name === this.shown));
  }

  drawn(one, axis, high) {
    const nodes = [];
    const on = one.name === this.shown ? " wmp-shown" : "";
    const path = one.spans.map(([start, end]) => this.stroke(axis, start, end)).join("");
    if (path) {
      const svg = drawing(path, 10000, 1);
      svg.setAttribute("class", `wmp-places${on}`);
      nodes.push(svg);
    }
    const level = one.edge_hz && high?.unit === "kHz" ? fractionAt(high, one.edge_hz) : -1;
    if (level >= 0 && level <= 1) {
      const line = make("div", `wmp-limit${on}${level > 0.9 ? " wmp-high" : ""}`);
      line.style.bottom = `${100 * level}%`;
      line.append(make("span", "", `${one.label} ${hertz(one.edge_hz)}`));
      nodes.push(line);
    }
    return nodes;
  }

  stroke(axis, start, end) {
    const [from, to] = [start, end].map((seconds) => Math.round(10000 * fractionAt(axis, seconds)));
    if (to < 0 || from > 10000) return "";
    return to - from > 4 ? `M${from} 0H${to}V1H${from}Z` : `M${from} 0V1`;
  }

  /** To the next place of a finding after the playhead, the first one after the last. */
  jump(name) {
    const { player } = this;
    const one = this.all.find((mark) => mark.name === name);
    if (!one) return;
    this.shown = name;
    if (!one.spans.length) {
      player.show("Spectrogram");
      if (one.edge_hz < LOW_SHARE * player.zoom.top) player.zoom.setBand(0, 20 * one.edge_hz);
    }
    else {
      const from = this.last === name ? this.at : -1;
      const next = one.spans.findIndex(([start]) => start > from + NEXT_S);
      const index = Math.max(next, 0);
      this.at = one.spans[index][0];
      player.zoom.reveal(this.at);
      player.seek(Math.max(this.at - LEAD_IN_S, 0));
      player.say(`${one.label}: ${index + 1} of ${one.spans.length}`);
    }
    this.last = name;
    this.draw();
  }
}
