// The table of several recordings: a row's name opens its player; the focus outlives a new table.

export function mount({ element, trigger }) {
  let focused = null;

  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-row]");
    if (!button) return;
    document.getElementById("wm-rows").dataset.row = button.dataset.row;
    trigger("select");
  });
  element.addEventListener("focusin", (event) => {
    focused = event.target.dataset.row ?? null;
  });
  element.addEventListener("focusout", (event) => {
    if (event.relatedTarget) focused = null;
  });
  new MutationObserver(() => {
    if (focused === null || document.activeElement !== document.body) return;
    element.querySelector(`[data-row="${focused}"]`)?.focus({ preventScroll: true });
  }).observe(element, { childList: true, subtree: true });
}
