"""The Restore tab for everybody: sizes of texts and targets, and a focus that can be seen."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

SMALL_TEXTS = """() => {
  const small = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const node = walker.currentNode.parentElement;
    if (!text || !node.checkVisibility({ visibilityProperty: true })) continue;
    if (node.closest("script, style, .sr-only, .visually-hidden")) continue;
    if (parseFloat(getComputedStyle(node).fontSize) < 12) small.push(text.slice(0, 40));
  }
  return small;
}"""
SMALL_TARGETS = """() => {
  const controls = `button, input, select, summary, textarea,
    [role=tab], [role=slider], [role=button]`;
  const shown = { visibilityProperty: true, opacityProperty: true };
  return [...document.querySelectorAll(controls)]
    .filter((node) => node.checkVisibility(shown) && !node.closest(".visually-hidden"))
    .map((node) => [node, (node.closest("label") ?? node).getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
    .map(([node, box]) => `${node.className} ${node.ariaLabel ?? node.textContent} ${box.height}`);
}"""
UNDER_THE_BAR = """() => {
  const node = document.activeElement;
  if (node === document.body || node.closest(".wm-actions")) return "";
  const box = node.getBoundingClientRect();
  const bar = document.querySelector(".wm-actions").getBoundingClientRect();
  const across = box.left < bar.right && box.right > bar.left;
  const hidden = across && box.bottom > bar.top + 1 && box.top < bar.bottom - 1;
  return hidden ? `${node.className} ${node.ariaLabel ?? node.textContent}` : "";
}"""


@pytest.mark.parametrize("width", [1440, 390])
def test_texts_and_targets_are_large_enough_and_the_focus_is_never_covered(
    arrive, width: int
) -> None:
    visitor = arrive(width)
    page = visitor.page
    visitor.example("Telephone call 8 kHz")
    visitor.stage("Separate into stems").check()
    page.get_by_label("Separator").select_option("Mid / side")
    page.get_by_text("Compare recipes").click()
    page.get_by_text("Own WaveNet weights").click()
    visitor.restore()
    page.wait_for_selector("#wm-mixer .wmp-deck")
    assert page.evaluate(SMALL_TEXTS) == []
    assert page.evaluate(SMALL_TARGETS) == []
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    covered = []
    for _ in range(70):
        page.keyboard.press("Tab")
        covered.append(page.evaluate(UNDER_THE_BAR))
    assert list(filter(None, covered)) == []
