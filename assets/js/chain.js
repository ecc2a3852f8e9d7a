// The chain editor: every stage a card that can be switched, set and moved; those that are on come
// first, in the order in which they run. Its value is {cards, own, about, strength}: see ui/components/chain_form.py; `own`
// holds this visitor's own networks, stage -> [[title, name], ...]; `about` says what a recipe is
// for, until somebody changes it.

import { knobField, saying } from "./chain_fields.js";
import { History } from "./chain_history.js";
import { Saved } from "./chain_saved.js";
import { Stems } from "./chain_stems.js";
import { Strength } from "./chain_strength.js";
import { drawing, make, makeButton, styled } from "./elements.js";

const UP = "M8 3.5v9M4.5 7 8 3.5 11.5 7";
const DOWN = "M8 12.5v-9M4.5 9 8 12.5 11.5 9";
const OPEN = "M4.5 6.5 8 10l3.5-3.5";

class Editor {
  constructor(root, stages, keeps, changed) {
    Object.assign(this, { root, stages, changed, cards: [], own: {}, opened: new Set(), ids: 0 });
    this.order = stages.map(({ name }) => name);
    this.said = make("p", "wmc-said", "", { role: "status" });
    this.inside = new Stems(this);
    this.strength = new Strength(this);
    this.history = new History((value, key) => this.restore(value, key));
    this.saved = keeps ? new Saved(() => this.value, (value) => this.restore(value, "saved:list")) : null;
  }

  // --- the value --------------------------------------------------------------------------------

  show(value) {
    const { cards = [], own = {}, about = "", strength = "normal" } = value ?? {};
    const on = cards.filter((card) => card.on);
    Object.assign(this, { cards, own, about, opened: new Set() });
    this.number(cards);
    this.strength.begin(strength);
    if (on.length === 1) this.opened.add(on[0].id);
    this.history.push(this.value);
    this.draw();
  }

  /** An earlier or a saved value takes the place of what is shown, as if somebody had set it. */
  restore({ cards, strength }, key) {
    const opened = this.cards.filter((card) => this.opened.has(card.id)).map((card) => card.stage);
    const known = cards.filter((card) => this.stage(card));
    const rest = this.stages.filter(({ name }) => !known.some((card) => card.stage === name));
    this.cards = [...known, ...rest.map((stage) => this.fresh(stage))];
    this.number(this.cards);
    this.opened = new Set(this.cards.filter((card) => opened.includes(card.stage)).map((card) => card.id));
    this.strength.begin(strength ?? "normal");
    this.draw(key);
    this.changed(true);
  }

  fresh({ name, knobs, inner }) {
    const settings = Object.fromEntries(knobs.map((knob) => [knob.name, knob.default]));
    const card = { stage: name, on: false, settings, reason: "", id: ++this.ids };
    return inner ? { ...card, gains_db: {}, cards: [] } : card;
  }

  number(cards) {
    for (const card of cards) {
      card.id = ++this.ids;
      this.number(card.cards ?? []);
    }
  }

  get value() {
    const plain = (key, value) => (key === "id" ? undefined : value);
    const { cards, own, strength } = this;
    return JSON.parse(JSON.stringify({ cards, own, strength: strength.level }, plain));
  }

  stage(card) {
    return this.stages.find(({ name }) => name === card.stage);
  }

  // --- deeds ------------------------------------------------------------------------------------

  /** Switches a card of a list: on at its natural place, off to the others that are off. */
  turn(cards, card, on) {
    const twins = cards.filter(({ stage }) => stage === card.stage);
    cards.splice(cards.indexOf(card), 1);
    card.on = on;
    if (on) this.opened.add(card.id);
    const rank = ({ stage }) => this.order.indexOf(stage);
    if (!on && (cards !== this.cards || twins.length > 1)) return this.redrawn(`${this.stage(card).title} is off`);
    const same = cards.filter((other) => other.on === on);
    const before = same.findLast((other) => rank(other) <= rank(card));
    const first = on ? 0 : cards.filter((other) => other.on).length;
    cards.splice(before ? cards.indexOf(before) + 1 : first, 0, card);
    this.redrawn(`${this.stage(card).title} is ${on ? "on" : "off"}`, `${card.id}:on`);
  }

  add(cards, name) {
    const card = this.fresh(this.stages.find((stage) => stage.name === name));
    cards.push(card);
    this.turn(cards, card, true);
  }

  move(cards, card, by) {
    const on = cards.filter((other) => other.on);
    const at = on.indexOf(card);
    [on[at], on[at + by]] = [on[at + by], on[at]];
    cards.splice(0, cards.length, ...on, ...cards.filter((other) => !other.on));
    const place = `${at + by + 1} of ${on.length}`;
    this.redrawn(`${this.stage(card).title} is now ${place}`, `${card.id}:${by < 0 ? "up" : "down"}`);
  }

  open(card) {
    if (!this.opened.delete(card.id)) this.opened.add(card.id);
    this.draw(`${card.id}:open`);
  }

  set(card, knob, value, done) {
    const shape = (one) => one === null;
    const other = shape(card.settings[knob.name]) !== shape(value);
    card.settings[knob.name] = value;
    this.strength.keep(card, knob.name);
    if (knob.name === "separator" && card.cards) this.fitGains(card);
    if (other || (knob.name === "separator" && card.cards)) this.draw(`${card.id}:${knob.name}`);
    this.changed(done);
  }

  /** Another separator makes other stems: gains of those that are no more go. */
  fitGains(card) {
    const stems = this.stems(card);
    const kept = Object.entries(card.gains_db).filter(([name]) => stems.includes(name));
    card.gains_db = Object.fromEntries(kept);
  }

  stems(card) {
    return this.stage(card).stems[card.settings.separator] ?? [];
  }

  redrawn(said, key) {
    this.said.textContent = said;
    this.draw(key);
    this.changed(true);
  }

  // --- what is drawn ----------------------------------------------------------------------------

  /** Draws everything; the focus goes to the element of this key, or to a neighbour. */
  draw(key = "") {
    const on = this.cards.filter((card) => card.on);
    const off = this.cards.filter((card) => !card.on);
    const rest = make("div", "wmc-off");
    if (off.length) rest.append(make("h3", "", "Off"), ...off.map((card) => this.offRow(card)));
    const none = make("p", "wmc-none", "Nothing is on: the recording stays as it is.");
    const about = this.about ? [make("p", "wmc-summary", this.about)] : [];
    this.root.replaceChildren(this.tools(), ...about, on.length ? this.list(this.cards) : none, rest, this.said);
    this.focus(key);
  }

  /** Undo and redo; strength where a stage has some, saved recipes where the editor keeps them. */
  tools() {
    const node = make("div", "wmc-tools");
    if (this.stages.some(({ strength }) => Object.keys(strength ?? {}).length)) node.append(this.strength.node());
    node.append(this.history.node());
    if (this.saved) node.append(this.saved.node());
    return node;
  }

  focus(key) {
    if (!key) return;
    const card = key.split(":")[0];
    const names = [key, ...["down", "up", "open", "on"].map((name) => `${card}:${name}`)];
    const nodes = names.map((name) => this.root.querySelector(`[data-key="${name}"]`));
    nodes.find((node) => node && !node.disabled)?.focus({ preventScroll: true });
  }

  list(cards) {
    const on = cards.filter((card) => card.on);
    const node = make("ol", "wmc-on");
    node.append(...on.map((card, at) => this.card(cards, card, at, on.length)));
    return node;
  }

  offRow(card) {
    const { title, about } = this.stage(card);
    const row = make("label", "wmc-row wmc-idle", "", { title: about });
    row.append(this.toggle(this.cards, card), make("span", "wmc-title", title), make("span", "wmc-about", about));
    return row;
  }

  card(cards, card, at, count) {
    const { title } = this.stage(card);
    const node = make("li", "wmc-card");
    const top = make("div", "wmc-top");
    const opened = this.opened.has(card.id);
    const name = make("button", "wmc-open", "", { type: "button", "aria-expanded": opened });
    name.dataset.key = `${card.id}:open`;
    name.append(make("span", "wmc-at", `${at + 1}`), make("span", "wmc-title", title));
    const said = this.changes(card) || card.reason;
    name.append(make("span", "wmc-changed", opened ? "" : said, { title: said }), this.icon(OPEN));
    name.addEventListener("click", () => this.open(card));
    const move = make("span", "wmc-move");
    if (count > 1) move.append(this.arrow(cards, card, -1, at === 0), this.arrow(cards, card, 1, at === count - 1));
    top.append(this.toggle(cards, card), name, move);
    node.append(top);
    if (opened) node.append(this.body(card));
    return node;
  }

  toggle(cards, card) {
    const { title } = this.stage(card);
    const box = make("input", "wmc-switch", "", { type: "checkbox", "aria-label": title });
    box.checked = card.on;
    box.dataset.key = `${card.id}:on`;
    box.addEventListener("change", () => this.turn(cards, card, box.checked));
    return box;
  }

  arrow(cards, card, by, disabled) {
    const { title } = this.stage(card);
    const [way, path, key] = by < 0 ? ["earlier", UP, "up"] : ["later", DOWN, "down"];
    const node = makeButton("wmc-arrow", "", `Run ${title} ${way}`, () => this.move(cards, card, by));
    node.setAttribute("aria-label", `Run ${title} ${way}`);
    node.dataset.key = `${card.id}:${key}`;
    node.disabled = disabled;
    node.append(this.icon(path));
    return node;
  }

  icon(path) {
    const svg = drawing(path, 16, 16, true);
    svg.classList.add("wmc-icon");
    return svg;
  }

  /** The settings that are not at their default, in one line. */
  changes(card) {
    const { knobs } = this.stage(card);
    const said = knobs
      .filter((knob) => card.settings[knob.name] !== knob.default)
      .map((knob) => saying(this.fitted(card, knob), card.settings[knob.name]));
    const inner = (card.cards ?? []).filter((one) => one.on).map((one) => this.stage(one).title);
    if (inner.length) said.push(`${inner.join(", ")} on each`);
    return said.join(" \u00b7 ");
  }

  body(card) {
    const { inner, alone } = this.stage(card);
    const simple = inner && alone.includes(card.settings.separator); // nothing else to set
    const knobs = this.stage(card).knobs.filter(({ name }) => !simple || name === "separator");
    const body = make("div", "wmc-body");
    if (card.reason) body.append(make("p", "wmc-reason", card.reason));
    for (const knob of knobs) {
      const change = (value, done) => this.set(card, knob, value, done);
      const field = knobField(this.fitted(card, knob), card.settings[knob.name], change);
      field.querySelector("input, select").dataset.key = `${card.id}:${knob.name}`;
      body.append(field);
    }
    if (!knobs.length && !inner) body.append(make("p", "wmc-none", "Nothing to set."));
    if (inner) body.append(this.inside.levels(card), this.inside.inner(card));
    return body;
  }

  /** A knob with this visitor's own networks among the choices. */
  fitted(card, knob) {
    const isNetwork = ["checkpoint", "voice_model"].includes(knob.name);
    const own = isNetwork ? (this.own[card.stage] ?? []) : [];
    return own.length ? { ...knob, choices: [...knob.choices, ...own] } : knob;
  }
}

export async function mount({ element, props, trigger, watch }) {
  const root = element.querySelector(".wm-chain");
  let shown = "";

  function changed(done) {
    editor.about = "";
    root.querySelector(".wmc-summary")?.remove();
    const value = editor.value;
    shown = JSON.stringify(value);
    props.value = value;
    if (!done) return;
    editor.history.push(value);
    editor.saved?.remember(value);
    trigger("input");
  }

  const editor = new Editor(root, JSON.parse(JSON.stringify(props.stages)), props.keeps, changed);

  function showValue() {
    const text = JSON.stringify(props.value ?? null);
    if (text === shown) return;
    shown = text;
    editor.show(JSON.parse(text));
  }

  root.addEventListener("keydown", (event) => editor.history.key(event));
  await styled("chain.css");
  watch("value", showValue);
  showValue();
  root.chain = editor;
}
