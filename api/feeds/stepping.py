"""Coroutines that mostly need not wait, without what waiting takes: a task that is woken, a timer.

That costs more than what such a coroutine does. Source: what Python 3.12 has as
`asyncio.eager_task_factory`; `_enter_task` and `_leave_task` are of asyncio's "Extending".
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns. Raises TimeoutError when it waits for longer."""
    try:
        waited_for = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _rest(work, waited_for)


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
def _rest(work: Coroutine[Any, Any, T], waited_for: Any) -> Generator[Any, Any, T]:
    """Go on as `await` would: what the task's loop gives or throws goes to the work."""
    while True:
        try:
            given = yield waited_for
        except GeneratorExit:
            work.close()
            raise
        except BaseException as thrown:  # noqa: BLE001 - the work decides what becomes of it.
            step: Callable[[], Any] = partial(work.throw, thrown)
        else:
            step = partial(work.send, given)
        try:
            waited_for = step()
        except StopIteration as done:
            result: T = done.value
            return result
