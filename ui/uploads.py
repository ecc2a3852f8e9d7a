"""Uploads that do not arrive whole leave nothing: their visitor has gone, or the disk is full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio import route_utils
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
            for file in self._files_to_close_on_error:
                file.close()
                Path(file.name).unlink(missing_ok=True)
            if isinstance(error, ClientDisconnect):
                raise MultiPartException("The upload broke off.") from error
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise MultiPartException(no_room(Path(str(self.upload_dir)))) from error
            raise


def install() -> None:
    """Lets Gradio parse uploads with `Parser`."""
    parser: Any = Parser
    route_utils.GradioMultiPartParser = parser
