"""The named endpoints for programs, each a tool for assistants too; docs/API.md describes them.

A function's docstring is what a program and an assistant read of its endpoint; each argument's
description is one line.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
from gradio.utils import get_function_description

from pipeline import damages
from pipeline.output import FORMATS
from pipeline.separation.separators import MID_SIDE, SEPARATORS
from ui.api import mcp, work
from ui.api.calls import Calls
from ui.serving import Page
from ui.session import Host

PROGRESS = gr.Progress()
"""Gradio passes it to the functions that have it as a default, with the call's own state."""

SAME = "same as the recording"
"""The choice of a format that `pipeline.output.output_path` picks."""


def build(page: Page, host: Host, default: str) -> None:
    """Adds the endpoints; their calls wait in the same queues as the page's visitors.

    Args:
        default: the recipe of /restore where none is given.
    """
    page.tools = mcp.Tools
    calls = Calls(page, host)
    with gr.Row(visible=False):
        _add(_diagnose(calls), [_sound("recording")], [_report("diagnosis")])
        _add(
            _restore(calls),
            [_sound("recording"), _text("recipe", default), _text("checkpoint"), _format()],
            [gr.File(label="restored", interactive=False), _report("report")],
        )
        models = gr.Dropdown(list(SEPARATORS), value=MID_SIDE, label="model")
        stems = gr.File(label="stems", file_count="multiple", interactive=False)
        _add(_separate(calls), [_sound("recording"), models, _format()], [stems, _report("report")])
        preset = _text("damage", damages.named()[0])
        seed = gr.Number(0, label="seed", precision=0, minimum=0, maximum=(1 << 31) - 1)
        _add(
            _degrade(calls),
            [_sound("recording"), preset, seed, _format()],
            [gr.File(label="degraded", interactive=False), _report("report")],
        )
        _add(_evaluate(calls), [_sound("estimate"), _sound("target")], [_report("scores")])
        _add(recipes, [], [_report("recipes")])
        _add(checkpoints, [], [_report("checkpoints")])


def _add(endpoint: Callable[..., Any], inputs: list[Any], outputs: list[Any]) -> None:
    """Makes a function the endpoint of its name; each input is labelled with its description."""
    _, descriptions, _ = get_function_description(endpoint)
    for component, description in zip(inputs, descriptions.values(), strict=False):
        component.label = description
    gr.Button(endpoint.__name__).click(
        endpoint, inputs, outputs, api_name=endpoint.__name__, concurrency_limit=None
    )


def _sound(name: str) -> gr.File:
    return gr.File(label=name)


def _text(name: str, value: str = "") -> gr.Textbox:
    return gr.Textbox(value, label=name)


def _format() -> gr.Dropdown:
    return gr.Dropdown([SAME, *FORMATS], value=SAME, label="format")


def _report(name: str) -> gr.JSON:
    return gr.JSON(label=name)


def _kind(form: str) -> str | None:
    return None if form == SAME else form


def _diagnose(calls: Calls) -> Callable[..., Any]:
    async def diagnose(
        recording: str, request: gr.Request, progress: gr.Progress = PROGRESS
    ) -> dict[str, Any]:
        """Says what is wrong with a sound recording, how sure that is, and proposes a recipe.

        Pass the recipe on to restore. Nothing is changed, and nothing leaves this server.

        Args:
            recording: The sound or video file: uploaded here, or the address of a result from here.

        Returns:
            findings (name, value, unit, confidence, text, trouble) and recipe, both as JSON
        """
        task = partial(work.diagnose, recording, calls.host.limits.seconds)
        return await calls.run(task, request, progress, calls.host.light)

    return diagnose


def _restore(calls: Calls) -> Callable[..., Any]:
    async def restore(
        recording: str,
        recipe: str,
        checkpoint: str,
        format: str,
        request: gr.Request,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[str, dict[str, Any]]:
        """Restores a sound recording with a recipe, and measures what that changed.

        Length, channels and level stay the same. The result can be downloaded for an hour.

        Args:
            recording: The sound or video file: uploaded here, or the address of a result from here.
            recipe: A name that recipes lists, or a recipe as JSON text, such as diagnose proposes.
            checkpoint: A name that checkpoints lists, used instead of the recipe's; empty: its own.
            format: The result's file format; the first keeps FLAC, and gives WAV for all others.

        Returns:
            the restored file, and a report: seconds, notes, recipe, and guarantee (measurements)
        """
        task = partial(
            work.restore, recording, recipe, checkpoint, _kind(format), calls.host.limits.seconds
        )
        return await calls.run(task, request, progress, calls.host.heavy)

    return restore


def _separate(calls: Calls) -> Callable[..., Any]:
    async def separate(
        recording: str,
        model: str,
        format: str,
        request: gr.Request,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[list[str], dict[str, Any]]:
        """Separates a sound recording into stems that add up to it, such as vocals and drums.

        Args:
            recording: The sound or video file: uploaded here, or the address of a result from here.
            model: The separator; the Demucs models separate music, the last two need no weights.
            format: The stems' file format; the first keeps FLAC, and gives WAV for all others.

        Returns:
            one file a stem, and a report: stems (name and file), seconds, notes
        """
        task = partial(work.separate, recording, model, _kind(format), calls.host.limits.seconds)
        return await calls.run(task, request, progress, calls.host.heavy)

    return separate


def _degrade(calls: Calls) -> Callable[..., Any]:
    async def degrade(
        recording: str,
        damage: str,
        seed: int,
        format: str,
        request: gr.Request,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[str, dict[str, Any]]:
        """Damages a clean sound recording, to test restoration on: codecs, noise, clicks and more.

        Length, channels and rate stay the same; the same seed gives the same samples.

        Args:
            recording: The sound or video file: uploaded here, or the address of a result from here.
            damage: The name of a preset, or damage as JSON text: like a recipe, with damages.
            seed: A whole number from 0 that draws whatever is random in the damage.
            format: The result's file format; the first keeps FLAC, and gives WAV for all others.

        Returns:
            the degraded file, and a report: seconds, notes, and damage (with every setting)
        """
        task = partial(
            work.degrade, recording, damage, seed, _kind(format), calls.host.limits.seconds
        )
        return await calls.run(task, request, progress, calls.host.heavy)

    return degrade


def _evaluate(calls: Calls) -> Callable[..., Any]:
    async def evaluate(
        estimate: str, target: str, request: gr.Request, progress: gr.Progress = PROGRESS
    ) -> dict[str, Any]:
        """Measures how far a degraded or restored recording is from its clean original.

        Args:
            estimate: The degraded or restored sound file.
            target: The clean sound file: another take of the same length and channels.

        Returns:
            lsd and mel_db (lower is better), snr_db, seg_snr_db, si_sdr_db, stoi (higher
            is better), l1, mse
        """
        task = partial(work.evaluate, estimate, target, calls.host.limits.seconds)
        return await calls.run(task, request, progress, calls.host.heavy)

    return evaluate


def recipes() -> list[dict[str, Any]]:
    """Lists the recipes for restore: name, title, summary and stages with a reason for each."""
    return work.recipes()


def checkpoints() -> list[dict[str, Any]]:
    """Lists the trained networks that a recipe can name, what they were made for, and licences."""
    return work.checkpoints()
