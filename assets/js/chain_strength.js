// The chain editor's one control of how much a recipe does.

import { segments } from "./chain_fields.js";

const LEVELS = ["gentle", "normal", "strong"];

/** Scales the settings that the server names for each stage, from what the recipe says. */
export class Strength {
  constructor(editor) {
    Object.assign(this, { editor, level: "normal", usual: new WeakMap() });
  }

  /** Notes what the cards would be at normal strength. */
  begin(level) {
    this.level = LEVELS.includes(level) ? level : "normal";
    this.usual = new WeakMap();
    for (const card of this.cards()) for (const name of Object.keys(this.factors(card))) this.keep(card, name);
  }

  /** A setting was set by hand: strength goes on from there. */
  keep(card, name) {
    const factor = this.factors(card)[name]?.[LEVELS.indexOf(this.level)];
    if (!factor) return;
    if (!this.usual.has(card)) this.usual.set(card, {});
    this.usual.get(card)[name] = card.settings[name] / factor;
  }

  choose(level) {
    this.level = level;
    for (const card of this.cards()) {
      for (const [name, factors] of Object.entries(this.factors(card))) {
        if (this.usual.get(card)?.[name] === undefined) this.usual.set(card, { ...this.usual.get(card), [name]: card.settings[name] });
        card.settings[name] = this.fitted(card, name, this.usual.get(card)[name] * factors[LEVELS.indexOf(level)]);
      }
    }
    this.editor.redrawn(`Strength: ${level}`, `strength:${level}`);
  }

  fitted(card, name, value) {
    const { range, default: usual } = this.editor.stage(card).knobs.find((knob) => knob.name === name);
    const near = Math.min(Math.max(value, range[0]), range[1]);
    return Number.isInteger(usual) && range[2] >= 1 ? Math.round(near) : near;
  }

  factors(card) {
    return this.editor.stage(card)?.strength ?? {};
  }

  /** Every card, those on stems too. */
  cards(list = this.editor.cards) {
    return list.flatMap((card) => [card, ...this.cards(card.cards ?? [])]);
  }

  node() {
    const row = segments("Strength", LEVELS.map((level) => [level, level]), this.level, (level) => this.choose(level));
    row.classList.add("wmc-strength");
    row.querySelectorAll("input").forEach((input, i) => (input.dataset.key = `strength:${LEVELS[i]}`));
    const used = this.cards().some((card) => card.on && Object.keys(this.factors(card)).length);
    row.inert = !used;
    return row;
  }
}
