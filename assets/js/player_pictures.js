// The pictures of the A/B player: views as tabs, figures with their axes.

import { make, makeButton } from "./elements.js";
import { mark, minus, ticks, valueAt, written } from "./player_view.js";

/** All pictures of a player; those of one view are shown side by side. */
export class Pictures {
  constructor(player) {
    Object.assign(this, { player, all: player.value.pictures });
    this.figures = this.all.map((picture) => pictureFigure(picture, player.zoom));
    for (const { plot, axis, high } of this.figures) {
      if (!axis.time) continue;
      player.surface(plot, axis);
      player.marks.layer(plot, axis, high);
    }
  }

  /** What goes below the tracks. */
  nodes(help) {
    const views = [...new Set(this.all.map((picture) => picture.view))];
    const row = make("div", "wmp-views");
    const tabs = make("div", "wmp-tabs", "", { role: "tablist", "aria-label": "View" });
    this.tabs = views.map((name) => this.tab(name));
    this.sheet = make("div", "wmp-sheet", "", { role: "tabpanel" });
    tabs.append(...this.tabs);
    row.append(tabs, help);
    this.sheet.append(...this.figures.map((figure) => figure.node));
    if (views.length) this.show(Pictures.view);
    else for (const node of [tabs, this.sheet]) ["role", "aria-label"].forEach((name) => node.removeAttribute(name));
    return [row, this.sheet];
  }

  /** A view's tab; arrows, Home and End go to the others. */
  tab(name) {
    const node = makeButton("wmp-view", name, "", () => this.show(name));
    node.setAttribute("role", "tab");
    node.addEventListener("keydown", (event) => {
      const at = this.tabs.indexOf(node);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = this.tabs.at(to % this.tabs.length);
      this.show(next.textContent);
      next.focus();
    });
    return node;
  }

  show(name) {
    const views = this.tabs.map((tab) => tab.textContent);
    Pictures.view = views.includes(name) ? name : views[0];
    for (const tab of this.tabs) {
      const selected = tab.textContent === Pictures.view;
      tab.setAttribute("aria-selected", selected);
      tab.tabIndex = selected ? 0 : -1;
    }
    this.sheet.setAttribute("aria-label", Pictures.view);
    this.all.forEach((picture, i) => {
      this.figures[i].node.hidden = picture.view !== Pictures.view;
    });
    this.sheet.classList.toggle("wmp-single", this.figures.filter(({ node }) => !node.hidden).length === 1);
    this.player.layout();
  }

  layout() {
    this.figures.filter(({ node }) => !node.hidden).forEach((figure) => figure.layout());
  }

  /** Pictures of a stretch, drawn for it: base64 PNGs in the order of `pipeline.plots.regions`. */
  sharpen(region, pngs) {
    const of = (view) => this.figures.filter((_, i) => this.all[i].view === view);
    const maps = of("Spectrogram");
    maps.forEach((figure, i) => pngs[i] && lay(figure.plot, region, [pngs[i]]));
    const [change] = of("Change");
    if (change && pngs.length === maps.length + 2) lay(change.plot, region, pngs.slice(-2));
    this.layout();
  }

  blur() {
    for (const { plot } of this.figures) for (const image of plot.querySelectorAll("img.wmp-sharp")) image.remove();
  }
}

/** Puts pictures of a stretch over the whole one: one for both themes, or light and dark. */
function lay(plot, region, pngs) {
  const themes = pngs.length === 1 ? [""] : [" wmp-light", " wmp-dark"];
  const images = pngs.map((png, i) => {
    const image = make("img", `wmp-sharp${themes[i]}`, "", { src: `data:image/png;base64,${png}`, alt: "", draggable: "false" });
    image.region = region;
    return image;
  });
  for (const old of plot.querySelectorAll("img.wmp-sharp")) old.remove();
  [...plot.querySelectorAll("img")].at(-1).after(...images);
}

/** A figure: `node`, its `plot`, and `layout()` that marks the axes for the current width. */
function pictureFigure({ title, light, dark, about }, zoom) {
  const { x, key, scale, description } = about;
  const axis = x.unit === "s" ? zoom.time : x;
  const y = about.y.unit === "kHz" && !about.y.log ? zoom.band(about.y) : about.y;
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
  const whole = { start: x.low, end: x.high, low: about.y.low, high: about.y.high };
  const layout = () => {
    if (axis.time) for (const image of plot.querySelectorAll("img")) zoom.place(image, image.region ?? whole, scale && y);
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

/** The colour scale: unit, lowest and highest value, colours in between for either theme. */
function gradient([unit, low, high, light, dark]) {
  const node = make("span", "wmp-scale", minus(`${low}`));
  const bar = make("i");
  bar.style.setProperty("--light", `linear-gradient(to right, ${light.join(",")})`);
  bar.style.setProperty("--dark", `linear-gradient(to right, ${dark.join(",")})`);
  node.append(bar, minus(`${high} ${unit}`));
  return node;
}
