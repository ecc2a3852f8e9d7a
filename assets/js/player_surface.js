// An element of the A/B player along which time runs.

import { make } from "./elements.js";
import { fractionAt, valueAt } from "./player_view.js";

const CLICK_PX = 4; // a pointer that moved less has clicked

/** Shows playhead and loop over an element; a click seeks, a drag sets the loop. */
export class Surface {
  static pinching = false; // two fingers zoom: they neither seek nor loop

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
    const bound = (share) => Math.min(Math.max(100 * share, -1), 101);
    const [start, end] = [loop.start, loop.end].map((t) => bound(fractionAt(this.axis, t)));
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
      if (Surface.pinching) return;
      if (!region && !edge && Math.abs(move.clientX - from) < CLICK_PX) return;
      const time = this.time(move);
      region = { start: Math.min(anchor, time), end: Math.max(anchor, time) };
      actions.preview(region);
    });
    on("pointerup", () => {
      listening.abort();
      if (Surface.pinching) actions.preview(null);
      else if (region) actions.loop(region);
      else if (!edge) actions.seek(anchor);
    });
    on("pointercancel", () => {
      listening.abort();
      actions.preview(null);
    });
  }
}
