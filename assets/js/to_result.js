/** After a restoration: the diagnosis folds to make room, the result comes into view. */
() => {
  const result = document.querySelector(".wm-result");
  if (!result) return;
  document.querySelector(".wm-diagnosis")?.removeAttribute("open");
  if (innerWidth < 900) result.scrollIntoView({ behavior: "smooth" });
}
