// Elements, for every component of ours on the page.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; text is always set as text, never read as HTML. */
function make(tag, className = "", text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function makeButton(className, text, title, onclick) {
  const node = make("button", className, text, { type: "button", title });
  node.addEventListener("click", onclick);
  return node;
}

/** An SVG of one path, stretched to its box unless `square`. */
function drawing(d, width, height, square = false) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  if (!square) svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}
