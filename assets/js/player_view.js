// What the A/B player is drawn with: waveforms, numbers, axes.

import { clock } from "./clock.js";
import { drawing, make } from "./elements.js";

export const FULL_SCALE = 8192; // of the int16 peaks that the server sends

/** (lowest, highest) pairs of int16. */
export function decodePeaks(text) {
  return new Int16Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

/** A waveform, `zoom` times as high as full scale: one closed shape, or a line through its samples. */
export function waveform(pairs, zoom) {
  const count = pairs.length / 2;
  const y = (value) => Math.round(1000 - (1000 * zoom * value) / FULL_SCALE);
  if (Array.from({ length: count }, (_, i) => pairs[2 * i] === pairs[2 * i + 1]).every(Boolean)) {
    const line = Array.from({ length: count }, (_, i) => `${i + 0.5} ${y(pairs[2 * i])}`);
    const svg = drawing(`M${line.join("L")}`, count, 2000);
    svg.classList.add("wmp-samples");
    return svg;
  }
  const upper = Array.from({ length: count }, (_, i) => `${i} ${y(pairs[2 * i + 1])}H${i + 1}`);
  const lower = Array.from({ length: count }, (_, i) => `${i + 1} ${y(pairs[2 * i])}H${i}`);
  return drawing(`M${upper.join("L")}L${lower.reverse().join("L")}Z`, count, 2000);
}

// --- numbers as text ------------------------------------------------------------------------------

export const minus = (text) => text.replace("-", "\u2212");
export const decibels = (value) => minus(`${value > 0 ? "+" : ""}${value.toFixed(1)} dB`);

/** 8354.9 -> "8.35 kHz", 50 -> "50 Hz". */
export function hertz(value) {
  return value < 1000 ? `${Math.round(value)} Hz` : `${+(value / 1000).toFixed(2)} kHz`;
}

/** A value of an axis, in the axis' unit. */
export function written(axis, value, decimals = 3) {
  const fine = axis.time ? Math.max(0, Math.ceil(-Math.log10((axis.high - axis.low) / 20))) : 0;
  if (axis.unit === "min") return clock(value, decimals === 3 ? fine : fine + 2);
  return minus(`${+(axis.unit === "kHz" ? value / 1000 : value).toFixed(Math.max(decimals, fine))}`);
}

// --- axes: {unit, low, high, log}, values in s, Hz, dB or full scale --------------------------------

/** Time, in seconds up to two minutes and as a clock beyond. */
export function timeAxis(low, high) {
  return { unit: high > 120 ? "min" : "s", low, high, log: false, time: true };
}

export function fractionAt({ low, high, log }, value) {
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

export function valueAt({ low, high, log }, fraction) {
  return log ? low * (high / low) ** fraction : low + (high - low) * fraction;
}

/** Round values along an axis, about `count` of them. */
export function ticks(axis, count) {
  const { low, high, log, unit } = axis;
  const decade = 10 ** Math.floor(Math.log10((high - low) / count));
  const decimal = [1, 2, 5, 10].map((n) => n * decade);
  const clockSteps = [10, 15, 30, 60, 120, 300, 600, 1800, 3600];
  const steps = unit === "min" && (high - low) / count > 5 ? clockSteps : decimal;
  const step = steps.find((s) => s * count >= (high - low) * 0.999) ?? steps.at(-1);
  const values = [];
  if (log) for (let d = 1; d <= high; d *= 10) values.push(d, 2 * d, 5 * d);
  else for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-6; n++) values.push(n * step);
  return values.filter((value) => !log || (value >= low && value <= high));
}

/** Marks along an element (`side` is where the axis begins); `text` false leaves bare lines. */
export function mark(node, axis, values, side, text = true) {
  const marks = values.map((value) => {
    const one = make("span", "wmp-tick", text ? written(axis, value) : "");
    one.style[side] = `${100 * fractionAt(axis, value)}%`;
    return one;
  });
  node.replaceChildren(...marks);
}
