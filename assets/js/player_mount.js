// The A/B player as a Gradio component.

import { make, styled } from "./elements.js";
import { Player } from "./player.js";
import { Wav } from "./player_sound.js";

export async function mount({ element, props, server, watch }) {
  const root = element.querySelector(".wm-player");
  let latest = 0;

  async function showValue() {
    const mine = ++latest;
    const value = JSON.parse(JSON.stringify(props.value || null));
    const before = value?.of && root.abplayer?.value.of === value.of ? root.abplayer.state : null;
    root.abplayer?.dispose();
    root.abplayer = null;
    const focused = root.contains(document.activeElement);
    root.inert = true; // what is still shown belongs to the value before
    try {
      const wavs = await Promise.all((value?.tracks ?? []).map(({ file }) => new Wav(file.url).open()));
      if (mine !== latest) return;
      root.replaceChildren();
      root.hidden = !wavs.length;
      if (wavs.length) root.abplayer = new Player(root, value, wavs, server.stretch);
      if (before && !value.muted.length) root.abplayer.resume(before);
    } catch (error) {
      root.replaceChildren(make("p", "wmp-status", `Cannot open the sound: ${error.message}`));
      root.hidden = false;
    }
    root.inert = false;
    if (focused) root.focus({ preventScroll: true });
  }

  await styled("player.css");
  watch("value", showValue);
  showValue();
}
