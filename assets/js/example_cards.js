// Cards of recordings to try: a button plays one, another opens it.

import { drawing, make, makeButton, PAUSE, PLAY } from "./elements.js";

export function mount({ element, props, trigger, watch }) {
  const root = element.querySelector(".wm-cards");
  const sound = new Audio();
  let buttons = [];

  function show() {
    for (const button of buttons) {
      const playing = button.dataset.url === sound.dataset.url && !sound.paused;
      button.querySelector("path").setAttribute("d", playing ? PAUSE : PLAY);
      button.setAttribute("aria-pressed", playing);
    }
  }

  function toggle(url) {
    if (sound.dataset.url === url && !sound.paused) return sound.pause();
    if (sound.dataset.url !== url) sound.src = url;
    sound.dataset.url = url;
    sound.play().catch(() => show());
  }

  function card({ title, about, file }) {
    const node = make("div", "wm-example");
    const play = makeButton("wm-listen", "", `Play ${title}`, () => toggle(file.url));
    play.setAttribute("aria-label", `Play ${title}`);
    play.dataset.url = file.url;
    play.append(drawing(PLAY, 16, 16, true));
    const open = makeButton("wm-open", "", `Open ${title}`, () => {
      sound.pause();
      root.dataset.chosen = title;
      trigger("select");
    });
    open.append(make("b", "", title), make("span", "", about));
    node.append(play, open);
    return node;
  }

  function showValue() {
    const { cards = [] } = JSON.parse(JSON.stringify(props.value ?? {}));
    root.replaceChildren(...cards.map(card));
    buttons = [...root.querySelectorAll(".wm-listen")];
  }

  for (const name of ["play", "pause", "ended"]) sound.addEventListener(name, show);
  new IntersectionObserver(([entry]) => entry.isIntersecting || sound.pause()).observe(root);
  watch("value", showValue);
  showValue();
}
