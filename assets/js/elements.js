// Elements, for every component of ours on the page.

const SVG = "http://www.w3.org/2000/svg";
export const PLAY = "M4 2.5v11l9-5.5z";
export const PAUSE = "M4 2.5h3v11H4zM9 2.5h3v11H9z";

/** An HTML element; text is always set as text, never read as HTML. */
export function make(tag, className = "", text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export function makeButton(className, text, title, onclick) {
  const node = make("button", className, text, { type: "button", title });
  node.addEventListener("click", onclick);
  return node;
}

/** An SVG of one path, stretched to its box unless `square`. */
export function drawing(d, width, height, square = false) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  if (!square) svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

const sheets = new Map();

/** Loads a style sheet of ours, once; resolves when it is there, or cannot be had. */
export function styled(name) {
  if (!sheets.has(name)) {
    const href = new URL(`../css/${name}`, import.meta.url).href;
    const link = make("link", "", "", { rel: "stylesheet", href });
    sheets.set(name, new Promise((resolve) => Object.assign(link, { onload: resolve, onerror: resolve })));
    document.head.append(link);
  }
  return sheets.get(name);
}
