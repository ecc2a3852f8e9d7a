"""Messages, progress and templates: every value is escaped once."""

from __future__ import annotations

import jinja2
import pytest
from markupsafe import Markup

from ui.components import html as page_html
from ui.components.glossary import explained
from ui.components.rendering import render
from ui.jobs import Progress

EVIL = "<img src=x onerror=alert(1)>\"'&.wav"


@pytest.mark.parametrize(
    "html",
    [
        page_html.problem(EVIL),
        page_html.note(EVIL),
        page_html.running(Progress(0, EVIL, 0.5, None)),
    ],
)
def test_no_text_of_others_becomes_html(html: str) -> None:
    assert "<img" not in html and "\"'&" not in html and "&lt;img" in html


def test_what_was_rendered_is_not_escaped_again() -> None:
    inner = page_html.note(EVIL)
    outer = page_html.problem(inner)
    assert isinstance(outer, Markup) and outer.count(str(inner)) == 1


def test_a_missing_value_or_template_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("components/message.html", message="a")
    with pytest.raises(jinja2.TemplateNotFound):
        render("components/../../session.py")


def test_progress_tells_the_place_in_the_line_or_the_time_left() -> None:
    assert "1 job is before yours" in page_html.running(Progress(1, "Starting", 0.0, None))
    waiting = page_html.running(Progress(3, "Starting", 0.0, None))
    assert "3 jobs are before yours" in waiting and "place 4" in waiting
    at_work = page_html.running(Progress(0, "Enhance", 0.425, 12.4))
    assert "Enhance" in at_work and "42 % · about 12 s left" in at_work
    assert "width:42.5%" in at_work


def test_abbreviations_are_explained_and_text_stays_text() -> None:
    html = explained('<img src=x> at -23 LUFS, SI-SDR and "SNR", not XSNR or segments')
    assert html.startswith("&lt;img src=x&gt; at -23 <abbr") and "<img" not in html
    assert html.count("<abbr") == 3 and "XSNR or segments" in html
    assert explained("segSNR").count("<abbr") == 1
