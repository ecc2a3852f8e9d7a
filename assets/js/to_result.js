/** After a restoration: the diagnosis folds, the result comes into view, keys go to its player. */
() => {
  const result = document.querySelector(".wm-result");
  if (!result) return;
  document.querySelector(".wm-diagnosis")?.removeAttribute("open");
  if (innerWidth < 900) result.scrollIntoView({ behavior: "smooth" });
  const player = result.querySelector("#wm-compare .wm-player");
  const focus = (triesLeft) => {
    if (!player || triesLeft === 0 || document.activeElement !== document.body) return;
    if (player.abplayer && !player.inert) player.focus({ preventScroll: true });
    setTimeout(() => focus(triesLeft - 1), 200); // the player is still opening its sounds
  };
  focus(25);
}
