// What the A/B player is drawn with: waveforms, axes, and surfaces to point at a time on.

const FULL_SCALE = 8192; // of the int16 peaks that the server sends
const CLICK_PX = 4; // a pointer that moved less has clicked

/** (lowest, highest) pairs of int16. */
function decodePeaks(text) {
  return new Int16Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

/** A waveform as one closed shape, `zoom` times as high as full scale. */
function waveform(pairs, zoom) {
  const count = pairs.length / 2;
  const y = (value) => Math.round(1000 - (1000 * zoom * value) / FULL_SCALE);
  const upper = Array.from({ length: count }, (_, i) => `${i} ${y(pairs[2 * i + 1])}H${i + 1}`);
  const lower = Array.from({ length: count }, (_, i) => `${i + 1} ${y(pairs[2 * i])}H${i}`);
  return drawing(`M${upper.join("L")}L${lower.reverse().join("L")}Z`, count, 2000);
}

// --- numbers as text ------------------------------------------------------------------------------

const minus = (text) => text.replace("-", "\u2212");
const decibels = (value) => minus(`${value > 0 ? "+" : ""}${value.toFixed(1)} dB`);

/** 83.456 -> "1:23.456". */
function clock(seconds, decimals = 3) {
  const unit = 10 ** decimals;
  const total = Math.round(Math.max(seconds, 0) * unit);
  const rest = ((total % (60 * unit)) / unit).toFixed(decimals);
  return `${Math.floor(total / (60 * unit))}:${rest.padStart(decimals ? decimals + 3 : 2, "0")}`;
}

/** 8354.9 -> "8.35 kHz", 50 -> "50 Hz". */
function hertz(value) {
  return value < 1000 ? `${Math.round(value)} Hz` : `${+(value / 1000).toFixed(2)} kHz`;
}

/** A value of an axis, in the axis' unit. */
function written(axis, value, decimals = 3) {
  if (axis.unit === "min") return clock(value, decimals === 3 ? 0 : 2);
  return minus(`${+(axis.unit === "kHz" ? value / 1000 : value).toFixed(decimals)}`);
}

// --- axes: {unit, low, high, log}, values in s, Hz, dB or full scale --------------------------------

/** Time, in seconds up to two minutes and as a clock beyond. */
function timeAxis(low, high) {
  return { unit: high - low > 120 ? "min" : "s", low, high, log: false, time: true };
}

function fractionAt({ low, high, log }, value) {
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

function valueAt({ low, high, log }, fraction) {
  return log ? low * (high / low) ** fraction : low + (high - low) * fraction;
}

/** Round values along an axis, about `count` of them. */
function ticks(axis, count) {
  const { low, high, log, unit } = axis;
  const decade = 10 ** Math.floor(Math.log10((high - low) / count));
  const decimal = [1, 2, 5, 10].map((n) => n * decade);
  const steps = unit === "min" ? [10, 15, 30, 60, 120, 300, 600, 1800, 3600] : decimal;
  const step = steps.find((s) => s * count >= (high - low) * 0.999) ?? steps.at(-1);
  const values = [];
  if (log) for (let d = 1; d <= high; d *= 10) values.push(d, 2 * d, 5 * d);
  else for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-6; n++) values.push(n * step);
  return values.filter((value) => !log || (value >= low && value <= high));
}

/** Marks along an element (`side` is where the axis begins); `text` false leaves bare lines. */
function mark(node, axis, values, side, text = true) {
  const marks = values.map((value) => {
    const one = make("span", "wmp-tick", text ? written(axis, value) : "");
    one.style[side] = `${100 * fractionAt(axis, value)}%`;
    return one;
  });
  node.replaceChildren(...marks);
}

// --- a surface: an element along which time runs ----------------------------------------------------

/** Shows playhead and loop over an element; a click seeks, a drag sets the loop. */
class Surface {
  /** actions: seek(seconds), preview(loop | null), loop(loop); a loop is {start, end} in seconds. */
  constructor(node, axis, actions) {
    Object.assign(this, { node, axis, actions, shown: null });
    this.head = make("div", "wmp-head");
    this.region = make("div", "wmp-region");
    for (const edge of ["start", "end"]) {
      const handle = make("i", `wmp-edge wmp-edge-${edge}`);
      handle.dataset.edge = edge;
      this.region.append(handle);
    }
    this.node.classList.add("wmp-surface");
    this.node.append(this.region, this.head);
    this.node.addEventListener("pointerdown", (event) => event.button === 0 && this.down(event));
  }

  draw(seconds, loop, on) {
    this.shown = loop;
    this.head.style.left = `${100 * fractionAt(this.axis, seconds)}%`;
    this.region.hidden = !loop;
    if (!loop) return;
    const [start, end] = [loop.start, loop.end].map((t) => 100 * fractionAt(this.axis, t));
    this.region.style.left = `${start}%`;
    this.region.style.width = `${end - start}%`;
    this.region.classList.toggle("wmp-on", on);
  }

  time(event) {
    const box = this.node.getBoundingClientRect();
    const fraction = (event.clientX - box.left) / box.width;
    return valueAt(this.axis, Math.min(Math.max(fraction, 0), 1));
  }

  down(event) {
    const { node, actions } = this;
    const edge = event.target.dataset.edge;
    const anchor = edge ? this.shown[edge === "start" ? "end" : "start"] : this.time(event);
    const from = event.clientX;
    const listening = new AbortController();
    let region = null;
    const on = (name, act) => node.addEventListener(name, act, { signal: listening.signal });
    node.setPointerCapture(event.pointerId);
    on("pointermove", (move) => {
      if (!region && !edge && Math.abs(move.clientX - from) < CLICK_PX) return;
      const time = this.time(move);
      region = { start: Math.min(anchor, time), end: Math.max(anchor, time) };
      actions.preview(region);
    });
    on("pointerup", () => {
      listening.abort();
      if (region) actions.loop(region);
      else if (!edge) actions.seek(anchor);
    });
    on("pointercancel", () => {
      listening.abort();
      actions.preview(null);
    });
  }
}

// --- a picture with its axes -----------------------------------------------------------------------

/** A figure: `node`, its `plot`, and `layout()` that marks the axes for the current width. */
function pictureFigure({ title, light, dark, about }) {
  const { x, y, key, scale, description } = about;
  const axis = x.unit === "s" ? timeAxis(x.low, x.high) : x;
  const node = make("figure", "wmp-figure");
  const [caption, plot, left, below] = ["caption", "plot", "y", "x"].map((n) => make("div", `wmp-${n}`));
  plot.classList.toggle("wmp-heat", Boolean(scale));
  const [across, up] = [make("div", "wmp-grid wmp-grid-x"), make("div", "wmp-grid wmp-grid-y")];
  const readout = make("output", "wmp-readout");
  caption.append(make("span", "wmp-title", title), ...key.map(swatch));
  if (scale) caption.append(gradient(scale));
  plot.append(...images(description || title, light, dark), ...(scale ? [] : [across, up]), readout);
  const [top, corner] = [y.unit, axis.unit].map((unit) => make("span", "wmp-unit", unit));
  node.append(top, caption, left, plot, corner, below);
  pointOut(plot, readout, axis, y);
  const layout = () => {
    const [columns, rows] = [ticks(axis, plot.clientWidth / 54), ticks(y, plot.clientHeight / 32)];
    mark(below, axis, columns, "left");
    mark(left, y, rows, "bottom");
    mark(across, axis, columns, "left", false);
    mark(up, y, rows, "bottom", false);
  };
  return { node, plot, axis, high: y, layout };
}

/** Writes time, frequency or level under the pointer. */
function pointOut(plot, readout, x, y) {
  const unit = (axis) => (axis.unit === "min" ? "" : ` ${axis.unit}`); // a clock needs none
  const at = (axis, fraction) => written(axis, valueAt(axis, fraction), 2) + unit(axis);
  plot.addEventListener("pointermove", ({ clientX, clientY }) => {
    const { left, bottom, width, height } = plot.getBoundingClientRect();
    readout.textContent = `${at(x, (clientX - left) / width)}, ${at(y, (bottom - clientY) / height)}`;
  });
  plot.addEventListener("pointerleave", () => (readout.textContent = ""));
}

function images(alt, light, dark) {
  const one = (file, theme) =>
    make("img", theme, "", { src: file.url, alt, loading: "lazy", draggable: "false" });
  return light.path === dark.path ? [one(light, "")] : [one(light, "wmp-light"), one(dark, "wmp-dark")];
}

function swatch([text, light, dark]) {
  const node = make("span", "wmp-swatch", text);
  node.style.setProperty("--light", light);
  node.style.setProperty("--dark", dark);
  return node;
}

/** The colour scale: unit, lowest and highest value, colours in between. */
function gradient([unit, low, high, colours]) {
  const node = make("span", "wmp-scale", minus(`${low}`));
  const bar = make("i");
  bar.style.background = `linear-gradient(to right, ${colours.join(",")})`;
  node.append(bar, minus(`${high} ${unit}`));
  return node;
}
