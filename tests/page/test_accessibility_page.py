"""The page for everybody: axe finds no fault; sizes of texts and targets; a focus that is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

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
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
VIOLATIONS = """async () => {
  const ends = (motion) => motion.effect.getComputedTiming().endTime < Infinity;
  document.getAnimations().filter(ends).forEach((motion) => motion.finish());
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.html}`));
}"""
CONTENT = {
    "Degrade": "#wmd-damage", "Compare": "#wmx-recipes", "Listen": "#wml-kind",
    "Generate": "#wmg-plan .wm-note", "Fine-tune": "#wmf-files", "Setup": "#wms-others table",
}  # fmt: skip
"""A part of each tab that is there once the tab is filled."""


def violations(page: Page) -> list[str]:
    """What axe calls serious or critical, light and dark."""
    faults = []
    for _ in range(2):
        faults += page.evaluate(VIOLATIONS)
        page.locator(".wm-theme").click()
    return faults


def test_axe_has_no_serious_complaint_about_any_tab(arrive, axe: str, files: Path) -> None:
    visitor = arrive()
    page = visitor.page
    page.evaluate(axe)
    assert violations(page) == []
    tabs = page.locator(".wm-tabs > .tab-wrapper").get_by_role("tab").all_inner_texts()
    assert {*tabs} == {"Restore", *CONTENT}
    for tab, content in CONTENT.items():
        page.get_by_role("tab", name=tab, exact=True).click()
        page.locator(content).first.wait_for()
        if tab == "Fine-tune":
            page.set_input_files("#wmf-files input[type=file]", files / "call one.wav")
            visitor.says("#wmf-checked", "of 1 recording")
        assert violations(page) == [], tab
    page.set_viewport_size({"width": 390, "height": 900})
    assert violations(page) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_texts_and_targets_are_large_enough_and_the_focus_is_never_covered(
    arrive, axe: str, width: int
) -> None:
    visitor = arrive(width)
    page = visitor.page
    assert page.evaluate(OVERFLOW) == 0
    visitor.example("Telephone call 8 kHz")
    visitor.stage("Separate into stems").check()
    page.get_by_label("Separator").select_option("Mid / side")
    page.get_by_text("Own WaveNet weights").click()
    visitor.restore()
    page.wait_for_selector("#wm-mixer .wmp-deck")
    assert page.evaluate(SMALL_TEXTS) == []
    assert page.evaluate(SMALL_TARGETS) == []
    page.evaluate(axe)
    assert page.evaluate(VIOLATIONS) == []
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    covered = []
    for _ in range(70):
        page.keyboard.press("Tab")
        covered.append(page.evaluate(UNDER_THE_BAR))
    assert list(filter(None, covered)) == []
