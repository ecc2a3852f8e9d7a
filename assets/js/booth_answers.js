// What a listener answers in a trial: one of two (ABX), a vote (MOS), or a score for each (MUSHRA).

import { make } from "./elements.js";

export const VOTES = [[5, "Excellent"], [4, "Good"], [3, "Fair"], [2, "Poor"], [1, "Bad"]];
const SCALE = ["Bad", "Poor", "Fair", "Good", "Excellent"]; // of 0 to 100, a fifth each

/** A row of radio buttons, of which digits choose; `options` are [value, text, key]. */
export class Choice {
  constructor(title, options, changed) {
    Object.assign(this, { options, changed, given: null });
    this.node = make("fieldset", "wml-choice");
    this.inputs = options.map(([value]) => this.input(value));
    const labels = options.map(([, text, key], i) => {
      const label = make("label");
      label.append(this.inputs[i], make("span", "", text), make("kbd", "", key));
      return label;
    });
    this.node.append(make("legend", "", title), ...labels);
  }

  input(value) {
    const input = make("input", "", "", { type: "radio", name: "wml-answer", value });
    input.addEventListener("change", () => {
      this.given = [value];
      this.changed();
    });
    return input;
  }

  key(key) {
    const at = this.options.findIndex((option) => option[2] === key);
    if (at < 0) return false;
    this.inputs[at].click();
    return true;
  }
}

/** A slider from 0 to 100 for every stimulus but the reference; none has a score before it is set. */
export class Scores {
  constructor(booth, stimuli) {
    Object.assign(this, { booth, scores: stimuli.map(() => null) });
    this.node = make("div", "wml-scores");
    this.rows = stimuli.map((stimulus, at) => this.row(stimulus, at));
    const scale = make("div", "wml-scale", "", { "aria-hidden": "true" });
    scale.append(...SCALE.map((text) => make("span", "", text)));
    this.node.append(scale, ...this.rows.map(({ node }) => node));
  }

  row({ label }, at) {
    const node = make("div", "wml-row");
    const attributes = { type: "range", min: 0, max: 100, step: 1, "aria-label": `Score of ${label}` };
    const input = make("input", "wml-unset", "", { ...attributes, "aria-valuetext": "not scored yet" });
    input.value = 50;
    const output = make("output", "", "\u2013");
    const set = () => {
      const score = Number(input.value);
      this.scores[at] = score;
      output.textContent = score;
      input.classList.remove("wml-unset");
      input.setAttribute("aria-valuetext", `${score}, ${SCALE[Math.min(Math.floor(score / 20), 4)]}`);
      this.booth.draw();
    };
    for (const name of ["input", "click"]) input.addEventListener(name, set);
    node.append(this.booth.playButton(at + 1), input, output);
    return { node, input };
  }

  get given() {
    return this.scores.includes(null) ? null : this.scores;
  }

  /** The stimulus that is heard gets the arrow keys. */
  focus(track) {
    this.rows[track - 1]?.input.focus();
  }

  key() {
    return false; // digits play
  }
}
