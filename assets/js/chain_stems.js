// The part of the chain editor that sets stems: their levels, and the chain that runs on each.

import { number } from "./chain_fields.js";
import { make, makeButton } from "./elements.js";

/** The stems of a card that separates, drawn for an editor. */
export class Stems {
  constructor(editor) {
    this.editor = editor;
  }

  /** Gain and mute of each stem. */
  levels(card) {
    const node = make("div", "wmc-levels");
    const [low, high] = this.editor.stage(card).gains;
    const names = [...new Set([...this.editor.stems(card), ...Object.keys(card.gains_db)])];
    node.append(make("h4", "", "Level of each stem"), ...names.map((name) => this.level(card, name, low, high)));
    return node;
  }

  level(card, name, low, high) {
    const gain = name in card.gains_db ? card.gains_db[name] : 0;
    const row = make("div", "wmc-level");
    const set = (value, done) => {
      if (value === 0) delete card.gains_db[name];
      else card.gains_db[name] = value;
      this.editor.changed(done);
    };
    const title = name[0].toUpperCase() + name.slice(1);
    const mute = makeButton("wmc-mute", "M", `Mute ${name}`, () => {
      set(gain === null ? 0 : null, true);
      this.editor.draw(`${card.id}:mute-${name}`);
    });
    mute.setAttribute("aria-label", `Mute ${name}`);
    mute.setAttribute("aria-pressed", gain === null);
    mute.dataset.key = `${card.id}:mute-${name}`;
    const knob = { label: title, unit: "dB", range: [low, high, 0.5], default: 0, kind: "number" };
    const field = number(knob, gain ?? 0, set);
    field.inert = gain === null;
    row.append(mute, field);
    return row;
  }

  /** The chain that runs on every stem. */
  inner(card) {
    const node = make("div", "wmc-inner");
    const add = make("select", "wmc-add", "", { "aria-label": "Add a stage on each stem" });
    add.append(make("option", "", "Add a stage\u2026", { value: "" }));
    for (const { name, title, inner } of this.editor.stages) if (!inner) add.append(make("option", "", title, { value: name }));
    add.dataset.key = `${card.id}:add`;
    add.addEventListener("change", () => add.value && this.editor.add(card.cards, add.value));
    node.append(make("h4", "", "On each stem"));
    if (card.cards.some((one) => one.on)) node.append(this.editor.list(card.cards));
    node.append(add);
    return node;
  }
}
