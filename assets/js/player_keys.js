// The keys of the A/B player.

const STEP_S = 1;

/** Turns keys into deeds of a player while focus or pointer is in it, but never while someone types. */
class Keys {
  static HELP = [["Space", "play"], ["[ ]", "loop"], ["\u2190 \u2192", "1 s"], ["L", "loop on"], ["M", "match"]];

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
    if (combined || defaultPrevented || !target.closest) return false;
    if (target.closest("input, textarea, select, [contenteditable=true], [role=textbox]")) return false;
    if (this.root.contains(target)) return key !== " " || target.tagName !== "BUTTON";
    return this.hovered && !target.closest(".wm-player");
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
      M: () => player.transport.match(!player.transport.matched),
    };
    player.value.tracks.forEach((track, i) => (deeds[track.key] = () => player.select(i)));
    const deed = deeds[key.length === 1 ? key.toUpperCase() : key];
    return deed && repeat ? () => {} : deed;
  }
}
