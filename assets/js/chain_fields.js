// The controls of the chain editor: one knob each, from what the server says about it.
//
// `change(value, done)` is told every new value; `done` is false while a slider is still moving.

import { make, makeButton } from "./elements.js";

/** A control for a knob: {name, label, unit, help, default, optional, choices, range, kind}. */
export function knobField(knob, value, change) {
  const node = make("div", "wmc-field");
  if (knob.optional) {
    const automatic = value === null;
    const text = `${knob.label}: automatic`;
    node.append(tick(text, automatic, (on) => change(on ? null : fallback(knob), true)));
    if (!automatic) node.append(control(knob, value, change));
  } else {
    node.append(control(knob, value, change));
  }
  if (knob.help) node.append(make("p", "wmc-help", knob.help));
  return node;
}

/** Where a control stands when its value has been automatic so far. */
function fallback({ range, choices, kind }) {
  return range ? range[0] : (choices[0]?.[1] ?? (kind === "number" ? 0 : ""));
}

function control(knob, value, change) {
  if (knob.kind === "tick") return tick(knob.label, value, (on) => change(on, true));
  if (knob.choices.length) return choice(knob, value, change);
  return knob.kind === "number" ? number(knob, value, change) : textLine(knob, value, change);
}

function tick(text, on, change) {
  const label = make("label", "wmc-tick");
  const box = make("input", "", "", { type: "checkbox" });
  box.checked = on;
  box.addEventListener("change", () => change(box.checked));
  label.append(box, make("span", "", text));
  return label;
}

/** A few short values side by side, otherwise a list. */
function choice({ label, choices }, value, change) {
  const options = choices.some(([, one]) => one === value) ? choices : [...choices, [`${value}`, value]];
  const short = options.length <= 4 && options.every(([text]) => text.length < 12);
  return short ? segments(label, options, value, change) : list(label, options, value, change);
}

let groups = 0;

export function segments(label, options, value, change) {
  const row = make("div", "wmc-row", "", { role: "radiogroup", "aria-label": label });
  const box = make("div", "wmc-segments");
  const name = `wmc-${groups++}`;
  for (const [text, one] of options) {
    const part = make("label");
    const input = make("input", "", "", { type: "radio", name });
    input.checked = one === value;
    input.addEventListener("change", () => change(one, true));
    part.append(input, make("span", "", text));
    box.append(part);
  }
  row.append(make("span", "wmc-name", label), box);
  return row;
}

export function list(label, options, value, change) {
  const row = make("label", "wmc-row");
  const select = make("select");
  select.append(...options.map(([text], i) => make("option", "", text, { value: i })));
  select.value = options.findIndex(([, one]) => one === value);
  select.addEventListener("change", () => change(options[select.value][1], true));
  row.append(make("span", "wmc-name", label), select);
  return row;
}

/** A number field, and a slider where the range is known; a value out of range goes to its edge. */
export function number({ label, unit, range, default: usual }, value, change) {
  const node = make("div", "wmc-number");
  const text = unit ? `${label} (${unit})` : label;
  const field = make("input", "", "", { type: "number", "aria-label": text });
  const [low, high, step] = range ?? [-Infinity, Infinity, 1];
  field.step = "any";
  field.value = value;
  const reset = makeButton("wmc-reset", "\u21ba", `${text}: back to ${usual}`, () => set(usual, true));
  reset.setAttribute("aria-label", `Reset ${text}`);
  const row = make("div", "wmc-row");
  row.append(make("span", "wmc-name", text), ...(usual === null ? [] : [reset]), field);
  node.append(row);
  const slider = range && make("input", "", "", { type: "range", min: low, max: high, step, "aria-label": `${text} slider` });
  const set = (wanted, done) => {
    const whole = Number.isInteger(usual) && step >= 1 && Number.isInteger(step);
    const near = Math.min(Math.max(wanted, low), high);
    const next = whole ? Math.round(near) : near;
    field.value = next;
    show(next);
    change(next, done);
  };
  const show = (next) => {
    reset.disabled = next === usual;
    if (!slider) return;
    slider.value = next;
    slider.style.setProperty("--part", `${(100 * (next - low)) / (high - low)}%`);
  };
  field.addEventListener("change", () => set(field.value === "" ? usual ?? value : +field.value, true));
  if (slider) {
    slider.addEventListener("input", () => set(+slider.value, false));
    slider.addEventListener("change", () => set(+slider.value, true));
    node.append(slider);
  }
  show(value);
  return node;
}

function textLine({ label }, value, change) {
  const row = make("label", "wmc-row");
  const field = make("input", "", "", { type: "text" });
  field.value = value ?? "";
  field.addEventListener("change", () => change(field.value, true));
  row.append(make("span", "wmc-name", label), field);
  return row;
}

/** A setting as one reads it in a line of settings. */
export function saying(knob, value) {
  const text = knob.choices.find(([, one]) => one === value)?.[0];
  if (value === null) return `${knob.label} automatic`;
  if (knob.kind === "tick") return value ? knob.label : `no ${knob.label.toLowerCase()}`;
  const digits = typeof value === "number" ? +value.toFixed(3) : value;
  const unit = !knob.unit || knob.label.toLowerCase() === `${knob.unit}s` ? "" : ` ${knob.unit}`;
  return text ?? `${knob.label} ${digits}${unit}`;
}
