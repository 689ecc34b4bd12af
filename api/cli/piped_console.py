"""A console of rich that reports a closed pipe as any other output does."""

import errno
import os
from typing import NoReturn

from rich.console import Console


class PipedConsole(Console):
    """Raises BrokenPipeError where rich itself would end the process, in the middle of whatever runs."""

    def on_broken_pipe(self) -> NoReturn:
        """Report that the reader has closed the pipe."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
