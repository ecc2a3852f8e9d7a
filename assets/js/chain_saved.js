// Recipes that a visitor has saved and named, and the settings of the last visit: kept by the browser.

import { make, makeButton } from "./elements.js";

const SHELF = "wavemend-recipes";
const LAST = "wavemend-last-recipe";
const MOST_SAVED = 30;

/** What the browser keeps under a name; null where there is nothing that can be read. */
function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // a private window, or no room: the page works without
  }
}

/** `current()` is the editor's value, `open(value)` shows a saved one. */
export class Saved {
  constructor(current, open) {
    Object.assign(this, { current, open, naming: false, last: kept(LAST) });
  }

  get shelf() {
    const shelf = kept(SHELF);
    return shelf && typeof shelf === "object" && !Array.isArray(shelf) ? shelf : {};
  }

  /** The settings that the next visit finds as its last ones. */
  remember({ cards, strength }) {
    keep(LAST, { cards, strength });
  }

  save(name) {
    const { cards, strength } = this.current();
    const others = Object.entries(this.shelf).filter(([other]) => other !== name);
    keep(SHELF, Object.fromEntries([...others.slice(-(MOST_SAVED - 1)), [name, { cards, strength }]]));
    this.naming = false;
    this.fill(name);
  }

  remove(name) {
    keep(SHELF, Object.fromEntries(Object.entries(this.shelf).filter(([other]) => other !== name)));
    this.fill();
  }

  choose(name) {
    const value = name === "last:" ? this.last : this.shelf[name.slice(1)];
    if (Array.isArray(value?.cards)) this.open(value);
  }

  node() {
    this.box = make("div", "wmc-saved");
    this.fill();
    return this.box;
  }

  fill(chosen = "") {
    this.box.replaceChildren(...(this.naming ? this.form() : this.row(chosen)));
  }

  row(chosen) {
    const names = Object.keys(this.shelf);
    const list = make("select", "", "", { "aria-label": "Your recipes" });
    const entry = (text, value) => list.append(make("option", "", text, { value }));
    entry("Your recipes\u2026", "");
    if (this.last) entry("Settings of your last visit", "last:");
    for (const name of names) entry(name, `=${name}`);
    list.dataset.key = "saved:list";
    list.value = names.includes(chosen) ? `=${chosen}` : "";
    const remove = makeButton("wmc-tool wmc-remove", "\u00d7", "Delete this recipe", () => this.remove(list.value.slice(1)));
    const show = () => (remove.hidden = !list.value.startsWith("="));
    list.addEventListener("change", () => {
      if (list.value) this.choose(list.value);
      show();
    });
    show();
    const save = makeButton("wmc-text", "Save as\u2026", "Keep these settings under a name", () => {
      this.naming = true;
      this.fill();
      this.box.querySelector("input").focus();
    });
    return [list, remove, save];
  }

  form() {
    const name = make("input", "", "", { type: "text", maxlength: 60, placeholder: "Name", "aria-label": "Name of the recipe" });
    const close = () => {
      this.naming = false;
      this.fill();
    };
    const done = () => name.value.trim() && this.save(name.value.trim());
    name.addEventListener("keydown", (event) => {
      if (event.key === "Enter") done();
      if (event.key === "Escape") close();
    });
    return [name, makeButton("wmc-text", "Save", "Save", done), makeButton("wmc-text", "Cancel", "Cancel", close)];
  }
}
