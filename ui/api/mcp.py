"""The endpoints as tools for assistants (Model Context Protocol), where package `mcp` is installed.

Gradio's own server calls a tool through HTTP, as its own visitor. Here a call runs in the request
that asked for it: it counts as that visitor's, ends when they go, and its reports are JSON.
"""

from __future__ import annotations

import copy
import importlib.util
import json
from typing import Any

from gradio.data_classes import JsonData
from gradio.mcp import GradioMCPServer

from ui.serving import OWN_FILE, file_data


def is_available() -> bool:
    """Whether the page can serve tools: package `mcp` is optional."""
    return importlib.util.find_spec("mcp") is not None


class Tools(GradioMCPServer):
    """The tools of one page."""

    def get_block_fn_from_endpoint_name(self, endpoint_name: str) -> Any:
        """The endpoint's function, to be called here instead of through HTTP."""
        function = copy.copy(super().get_block_fn_from_endpoint_name(endpoint_name))
        if function is not None:
            function.queue = False
        return function

    def get_input_schema(
        self, tool_name: str, parameters: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], list[list[Any]]]:
        """A tool's arguments as JSON schema, in which a file is a text; and which are files."""
        schema, files = super().get_input_schema(tool_name, parameters)
        for position in files:
            full = schema["properties"][position[-1]]
            text = {key: value for key, value in full.items() if key == "description"}
            schema["properties"][position[-1]] = {"type": "string", **text}
        return schema, files

    def convert_strings_to_filedata(self, value: Any, filedata_positions: list[list[Any]]) -> Any:
        """The arguments, with files in place of what names them.

        Raises:
            ValueError: not a name of an uploaded file, as an address or as a path.
        """
        names = {str(position[-1]) for position in filedata_positions}
        return {key: _file(one) if key in names else one for key, one in value.items()}

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:
        """One text for each output: the address of a file, or JSON."""
        return [
            self.types.TextContent(type="text", text=text)
            for output in data
            for text in _texts(output, root_url)
        ]

    @property
    def _file_data_tool_description(self) -> str:
        return (
            " Upload a file first: POST it as multipart form field `files` to /gradio_api/upload "
            "of this server, which answers with a list of one path. Pass that path."
        )


def _file(name: Any) -> Any:
    if isinstance(name, str) and not name.startswith("data:"):
        return file_data(name)
    raise ValueError("expected the path that /gradio_api/upload answered with, or a file's address")


def _texts(output: Any, root_url: str) -> list[str]:
    if isinstance(output, list) and output and all(map(_is_file, output)):
        return [text for file in output for text in _texts(file, root_url)]
    if _is_file(output):
        return [f"{root_url}{OWN_FILE}{output['path']}"]
    value = output.model_dump() if isinstance(output, JsonData) else output
    return [json.dumps(value, ensure_ascii=False)]


def _is_file(output: Any) -> bool:
    return isinstance(output, dict) and output.get("meta") == {"_type": "gradio.FileData"}


async def report(fraction: float, text: str) -> None:
    """Sends the progress of the tool call that this task serves, if its client asked for it."""
    if not is_available():
        return
    from mcp.server.lowlevel.server import request_ctx

    context = request_ctx.get(None)
    token = context.meta.progressToken if context is not None and context.meta else None
    if context is not None and token is not None:
        await context.session.send_progress_notification(
            token, fraction, 1.0, text, related_request_id=str(context.request_id)
        )
