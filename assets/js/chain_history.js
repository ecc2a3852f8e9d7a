// Undo and redo of the chain editor.

import { drawing, make, makeButton } from "./elements.js";

const LONGEST = 100; // steps that can be undone
const UNDO = "M6.5 3.5 3 7l3.5 3.5M3.5 7h6a3.5 3.5 0 0 1 0 7H7";
const REDO = "M9.5 3.5 13 7l-3.5 3.5M12.5 7h-6a3.5 3.5 0 0 0 0 7H9";

/** The values that the editor has had; `restore(value, key)` shows one again, `key` has the focus. */
export class History {
  constructor(restore) {
    Object.assign(this, { restore, values: [], at: -1 });
  }

  push(value) {
    const text = JSON.stringify(value);
    if (this.going || text === this.values[this.at]) return;
    this.values = [...this.values.slice(0, this.at + 1), text].slice(-LONGEST);
    this.at = this.values.length - 1;
    this.show();
  }

  can(by) {
    return this.at + by >= 0 && this.at + by < this.values.length;
  }

  go(by) {
    if (!this.can(by)) return;
    this.at += by;
    this.going = true;
    this.restore(JSON.parse(this.values[this.at]), `history:${by}`);
    this.going = false;
    this.show();
  }

  /** Ctrl or Cmd with Z, and with Shift or Y to redo; a text field keeps its own. */
  key(event) {
    const { target, key, ctrlKey, metaKey, shiftKey, altKey } = event;
    if (!(ctrlKey || metaKey) || altKey || target.matches("input[type=text], input[type=number]")) return;
    const letter = key.toLowerCase();
    if (letter !== "z" && letter !== "y") return;
    event.preventDefault();
    this.go(letter === "y" || shiftKey ? 1 : -1);
  }

  show() {
    this.buttons?.forEach(([button, by]) => (button.disabled = !this.can(by)));
  }

  node() {
    const one = (text, keys, path, by) => {
      const button = makeButton("wmc-tool", "", `${text} (${keys})`, () => this.go(by));
      button.setAttribute("aria-label", text);
      button.dataset.key = `history:${by}`;
      const icon = drawing(path, 16, 16, true);
      icon.classList.add("wmc-icon");
      button.append(icon);
      return [button, by];
    };
    this.buttons = [one("Undo", "Ctrl Z", UNDO, -1), one("Redo", "Ctrl Shift Z", REDO, 1)];
    this.show();
    const node = make("span", "wmc-history");
    node.append(...this.buttons.map(([button]) => button));
    return node;
  }
}
