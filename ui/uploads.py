"""Uploads leave nothing but their file, and nothing where they do not arrive whole."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gradio import route_utils
from gradio.components import file, upload_button
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from ui.session import NO_ROOM, no_room


class Parser(route_utils.GradioMultiPartParser):
    """Gradio's parser of uploads, which would keep the file of one that breaks off."""

    async def parse(self) -> FormData:
        """The uploaded files.

        Raises:
            MultiPartException: the upload broke off, or the disk is full; nothing of it is left.
        """
        try:
            return await super().parse()
        except BaseException as error:
            for begun in self._files_to_close_on_error:
                begun.close()
                Path(begun.name).unlink(missing_ok=True)
            if isinstance(error, ClientDisconnect):
                raise MultiPartException("The upload broke off.") from error
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise MultiPartException(no_room(Path(str(self.upload_dir)))) from error
            raise


def install() -> None:
    """Lets Gradio parse uploads with `Parser`, and hand a file over without an empty one beside it.

    Its components make a temporary file for each that they hand over, only to name it otherwise.
    """
    parser: Any = Parser
    route_utils.GradioMultiPartParser = parser
    for module in (file, upload_button):
        vars(module)["tempfile"] = SimpleNamespace(NamedTemporaryFile=_no_file)


def _no_file(**settings: Any) -> SimpleNamespace:
    return SimpleNamespace(name="")
