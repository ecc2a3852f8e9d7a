// The keys of the A/B player.

const STEP_S = 1;
const FIELD =
  "textarea, select, [contenteditable=true], [role=textbox], [role=combobox], [role=listbox], " +
  "input:not([type=checkbox], [type=radio], [type=range], [type=button], [type=submit], [type=file])";
const PRESSED_BY_SPACE = "button, summary, a, input, [role=button], [role=tab]";
const MOVED_BY_ARROWS = "input, summary, [role=tab], [role=slider], [role=option], [role=radio]";

/**
 * Turns keys into actions of a player: inside it, under the pointer, and anywhere else on the page
 * of the player that was used last. A field keeps every key, a control the keys that work it.
 */
export class Keys {
  static HELP = [["Space", "play"], ["[ ]", "loop"], ["\u2190 \u2192", "1 s"], ["L", "loop on"], ["+ \u2212", "zoom"], ["M", "match"]];

  constructor(player, signal) {
    Object.assign(this, { player, root: player.root, hovered: false, taken: "" });
    const on = (target, name, act) => target.addEventListener(name, act, { signal });
    on(this.root, "pointermove", () => (this.hovered = true));
    on(this.root, "pointerleave", () => (this.hovered = false));
    on(document, "keydown", (event) => this.down(event));
    on(document, "keyup", (event) => this.up(event));
  }

  down(event) {
    if (!this.root.isConnected) return this.player.dispose();
    if (event.key === "Tab") this.hovered = false; // whoever tabs does not mean the pointer
    const deed = this.meant(event) && this.deed(event);
    if (!deed) return;
    this.taken = event.key;
    event.preventDefault();
    deed();
  }

  /** A key that was taken must not press the button, elsewhere on the page, that has the focus. */
  up(event) {
    if (event.key === this.taken) event.preventDefault();
    this.taken = "";
  }

  meant(event) {
    const { target, key, defaultPrevented, ctrlKey, altKey, metaKey } = event;
    const combined = metaKey || ((ctrlKey || altKey) && !event.getModifierState("AltGraph"));
    if (combined || defaultPrevented || !target.closest || target.closest(FIELD)) return false;
    if (this.root.contains(target)) {
      if (key === " ") return !target.closest("button, input");
      return !/^Arrow|^Home|^End/.test(key) || !target.closest("input, [role=tab]");
    }
    if (target.closest(".wm-player") || Keys.current() !== this.root) return false;
    if (this.hovered) return true;
    if (key === " ") return !target.closest(PRESSED_BY_SPACE);
    if (key.startsWith("Arrow")) return !target.closest(MOVED_BY_ARROWS);
    return key !== "Home" && key !== "End"; // these scroll the page
  }

  /** The player that keys outside of every player are for. */
  static current() {
    const players = [...document.querySelectorAll(".wm-player")];
    const shown = players.filter((node) => node.abplayer && node.offsetParent);
    const hovered = shown.find((node) => node.abplayer.keys.hovered);
    return hovered ?? shown.reduce((a, b) => ((b.usedAt ?? 0) > (a?.usedAt ?? -1) ? b : a), null);
  }

  /** What a key does; undefined when nothing. */
  deed({ key, shiftKey, repeat }) {
    const { player } = this;
    const step = STEP_S * (shiftKey ? 5 : 1);
    if (key === "ArrowLeft") return () => player.seek(player.position - step);
    if (key === "ArrowRight") return () => player.seek(player.position + step);
    const deeds = {
      " ": () => player.toggle(),
      "[": () => player.setEdge("start"),
      "]": () => player.setEdge("end"),
      Home: () => player.seek(0),
      End: () => player.seek(player.seconds),
      L: () => player.turnLoop(!player.looping),
      "+": () => player.zoom.by(2),
      "=": () => player.zoom.by(2),
      "-": () => player.zoom.by(1 / 2),
      0: () => player.zoom.whole(),
      M: () => player.transport.match(!player.transport.matched),
    };
    player.value.tracks.forEach((track, i) => (deeds[track.key] = () => player.select(i)));
    const deed = deeds[key.length === 1 ? key.toUpperCase() : key];
    return deed && repeat ? () => {} : deed;
  }
}
