"""A coroutine that is begun by a callback, and gone on with by a task only if it has to wait.

To wake a task for something that does not wait costs more than what it does. Source: what Python 3.12 has
as `asyncio.eager_task_factory`; `_enter_task` and `_leave_task` are of asyncio's "Extending".
"""

import asyncio
from collections.abc import Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any


def begun(work: Coroutine[Any, Any, None], task: asyncio.Task[Any]) -> Coroutine[Any, Any, None] | None:
    """Begin work in the name of a task that waits; return the rest for it to await, None when there is none.

    To be called where no task runs: from a callback of the loop.
    """
    loop = task.get_loop()
    asyncio._enter_task(loop, task)  # noqa: SLF001 - documented.
    try:
        waited_for = work.send(None)
    except StopIteration:
        return None
    finally:
        asyncio._leave_task(loop, task)  # noqa: SLF001
    return _rest(work, waited_for)


@coroutine
def _rest(work: Coroutine[Any, Any, None], waited_for: Any) -> Generator[Any, Any, None]:
    """Go on as `await` would: what the task's loop gives or throws goes to the work."""
    while True:
        try:
            given = yield waited_for
        except GeneratorExit:
            work.close()
            raise
        except BaseException as thrown:  # noqa: BLE001 - the work decides what becomes of it.
            step = partial(work.throw, thrown)
        else:
            step = partial(work.send, given)
        try:
            waited_for = step()
        except StopIteration:
            return
