"""The MP3 decoder's messages, which it writes to stderr: collected instead of shown."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator

from pipeline.files import temporary_file

STDERR = 2
_OWN = re.compile(r"mpg123|^(Note|Warning): |^\s*$")
_DAMAGE = re.compile(r"error|Illegal Audio-MPEG-Header|Skipped|big_values", re.I)
_PREFIX = re.compile(r"^(\[[^]]*\]|Note:|Warning:|warning:|error:|\s)+")
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def decoder_messages() -> Iterator[list[str]]:
    """Keeps mpg123 from writing to stderr, which libsndfile does not ask it to.

    What other parts of the program write meanwhile is passed on.

    Yields:
        A list that holds, after the block, what was said of damage in the file.
    """
    messages: list[str] = []
    with _one_at_a_time, temporary_file() as file:
        try:
            stderr = os.dup(STDERR)
        except OSError:  # a process without stderr
            yield messages
            return
        os.dup2(file.fileno(), STDERR)
        try:
            yield messages
        finally:
            os.dup2(stderr, STDERR)
            os.close(stderr)
            file.seek(0)
            for line in file.read().splitlines(keepends=True):
                text = line.decode(errors="replace")
                if not _OWN.search(text):
                    os.write(STDERR, line)
                elif _DAMAGE.search(text):
                    messages.append(_PREFIX.sub("", text).strip().rstrip("."))
