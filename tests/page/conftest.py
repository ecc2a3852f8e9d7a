"""The page, served once for all tests that can share it, and visitors in a real browser."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright import sync_api

from pipeline import recipe
from tests.support.helpers import PATIENCE_MS
from tests.support.sounds import soft_enhancer
from ui.components import chain_form

RATE = 16_000
FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required "
    "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
).split()

READY = "sessionStorage.getItem('wavemend-ticket')"
"""What a page has once it has its session, and listens."""


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good and bad recordings; the good ones are short and band-limited."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    time_s = np.arange(12 * RATE) / RATE
    tones = sum(0.1 * np.sin(2 * np.pi * hz * time_s) for hz in (220, 450, 930, 1900, 3100))
    sound = tones * (0.6 + 0.4 * np.sin(3 * time_s)) + 1e-4 * rng.standard_normal(len(time_s))
    soundfile.write(folder / "call one.wav", sound, RATE, "PCM_16")
    soundfile.write(folder / "other.flac", np.stack([sound, -sound], 1)[: 5 * RATE], RATE)
    soundfile.write(folder / "nan.wav", np.full(RATE, np.nan, np.float32), RATE, "FLOAT")
    (folder / "text.wav").write_text("this is not a sound\n" * 50)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "cut.wav").write_bytes((folder / "call one.wav").read_bytes()[:9000])
    (folder / "<img src=x onerror=window.hacked=1>.wav").write_bytes(
        (folder / "call one.wav").read_bytes()
    )
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def address(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page that most tests share: each is a visitor of its own."""
    with served(cache, tmp_path_factory.mktemp("page")) as local:
        yield local


@contextlib.contextmanager
def served(cache: Path, folder: Path) -> Iterator[str]:
    """The page, served with a small random net and the `Slow` stage.

    Args:
        cache: for what visitors upload and get.
        folder: empty, for checkpoints and runs.
    """
    import torch

    from models.checkpoint import save_checkpoint
    from models.enhancer import EnhancerConfig

    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = soft_enhancer(EnhancerConfig(widths=(8, 8, 16, 16, 16, 16)))
    save_checkpoint(net, folder / "checkpoints" / "enhancer-speech-48k", title="Small random net")
    (folder / "runs").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(cache))
        patch.setenv("WAVEMEND_CHECKPOINTS", str(folder / "checkpoints"))
        patch.setenv("WAVEMEND_RUNS", str(folder / "runs"))
        patch.setitem(recipe.STAGES, "slow", "tests.page.slow:Slow")
        from ui.page import build, launch_options

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        page = build()
        _, local, _ = page.launch(
            server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, quiet=True,
            **launch_options(),
        )  # fmt: skip
        yield local
        page.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[sync_api.Browser]:
    """Chromium, started once for all tests."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which the Makefile installs."""
    done = subprocess.run(["make", "-s", "axe"], capture_output=True, text=True, check=True)
    return Path(done.stdout.split()[-1]).read_text("utf-8")


class Visitor:
    """A person at the page; remembers what the page complained about."""

    def __init__(self, browser: sync_api.Browser, address: str, width: int = 1440) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._look)
        self.address = address
        self.page.goto(address)
        self.page.wait_for_selector(".wm-head")
        self.page.wait_for_function(READY)

    def reload(self, at_once: Callable[[], None] | None = None) -> None:
        """Loads the page again, until it has its session again: with each comes a new ticket.

        Args:
            at_once: what the visitor does while the page has no session yet.
        """
        ticket, late = self.page.evaluate(READY), "**/js/chain.js"
        held: list[sync_api.Route] = []
        if at_once:
            self.page.route(late, lambda route: held.append(route))
        self.page.reload()
        self.page.wait_for_selector(".wm-head")
        if at_once:
            at_once()
            for route in held:
                route.continue_()
            self.page.unroute(late)
        self.page.wait_for_function(f"{READY} && {READY} !== {ticket!r}")

    def _look(self, request: sync_api.Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign.append(request.url)

    def button(self, name: str) -> sync_api.Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def says(self, part: str, text: str) -> None:
        self.page.locator(part, has_text=text).first.wait_for()

    def choose(self, path: Path) -> None:
        self.page.set_input_files("#wm-file input[type=file]", path)

    def remove(self) -> None:
        self.page.locator("#wm-file button[aria-label=Clear]").click()

    def upload(self, path: Path, named: str = "band-limited-speech") -> None:
        """Chooses a good file, waits until it has been read, and chooses a recipe for it."""
        self.choose(path)
        self.says(".wm-name", path.name)
        if named:
            self.named(named)

    def example(self, title: str) -> None:
        """Takes one of the sounds that come with the product, and waits until it has been read."""
        if (card := self.page.locator(".wm-open", has_text=title)).is_visible():
            card.click()
        else:
            self.page.get_by_role("tab", name="Examples").click()
            self.button(title).click()
        self.says(".wm-name", title.replace(" ", "-"))

    def named(self, name: str) -> None:
        """Chooses a recipe that comes with the product, and waits until the form shows it."""
        self.pick("#wm-recipe", recipe.titles()[name])
        document = recipe.read(name)
        self.says("#wm-chain .wmc-summary", document["summary"])
        stages = [chain_form.title(entry["stage"]) for entry in document["stages"]]
        for at, title in enumerate(stages):
            self.page.locator(".wm-chain > .wmc-on > li > .wmc-top .wmc-title").nth(at).get_by_text(
                title
            ).wait_for()

    def slow(self, seconds: float) -> None:
        """Switches the Slow stage on."""
        self.stage("Slow").check()
        self.fill("Seconds (s)", seconds)

    def stage(self, title: str) -> sync_api.Locator:
        """A stage's switch."""
        return self.page.locator("#wm-chain").get_by_label(title, exact=True)

    def order(self) -> list[str]:
        """The stages that are on, in the order in which they run."""
        return self.page.locator(".wm-chain > .wmc-on > li > .wmc-top .wmc-title").all_inner_texts()

    def fill(self, label: str, value: float) -> None:
        """Sets a number in the recipe's form."""
        self.page.locator("#wm-chain").get_by_label(label, exact=True).fill(str(value))
        self.page.keyboard.press("Tab")

    def pick(self, part: str, title: str) -> None:
        """Chooses from one of the page's lists."""
        self.page.locator(f"{part} input").click()
        self.page.get_by_role("option", name=title, exact=True).click()

    def restore(self) -> None:
        self.button("Restore").click()
        self.finished()

    def finished(self) -> None:
        self.page.wait_for_selector(".wm-card")
        self.button("Restore").wait_for()

    def download(self, name: str, folder: Path) -> Path:
        with self.page.expect_download() as caught:
            self.button(name).click()
        path = folder / caught.value.suggested_filename
        caught.value.save_as(path)
        return path


@pytest.fixture
def arrive(browser: sync_api.Browser, address: str) -> Iterator[Callable[..., Visitor]]:
    """Opens the page for one more visitor; nobody may have seen a script error at the end."""
    visitors: list[Visitor] = []

    def come(width: int = 1440) -> Visitor:
        visitors.append(Visitor(browser, address, width))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.context.close()
    assert [visitor.errors for visitor in visitors] == [[] for _ in visitors]
    assert [visitor.foreign for visitor in visitors] == [[] for _ in visitors]
