"""Work for many processes: Dask distributed, on a cluster that is there or on this machine's cores.

Every task is a pure function of its arguments and carries its own seed, so where it runs, in which order,
and how often (a worker may die with it) leaves its result as it is. Tasks go out a few a worker at a time,
and results come back as they are ready, so that what is finished can be kept.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import Any

from ..data.errors import InputError
from .store import versions

Each = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[tuple[int, Any]]]
AHEAD = 3  # tasks out for each thread of the cluster: enough that none waits, few enough for its memory
DEATHS = 5  # workers that one task may lose before it is held to blame
CONNECT = "20s"
TWIN = 10  # fits that take as long as making a twin
PAYS, MOST = 60, 8  # fits for which one more process pays, and the most processes started unasked


@contextmanager
def workers(scheduler: str | None, count: int = 1) -> Iterator[Each | None]:
    """What spreads tasks over the workers of a scheduler, or over `count` processes here; None for this process.

    Pickled functions and data travel to the scheduler: it must be one that is trusted. Processes start with
    the first task.

    Raises
    ------
    InputError
        Where Dask is not installed, the scheduler does not answer, or its workers run other versions.
    """
    if scheduler is None and count < 2:
        yield None
        return
    with ExitStack() as stack:
        clients: list[Any] = []

        def each(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
            if tasks and not clients:
                clients.append(stack.enter_context(_client(scheduler, count, stack)))
            yield from _spread(clients[0], function, tasks) if tasks else ()

        yield each


def worth(fits: int) -> int:
    """How many processes here pay for so many fits: each takes seconds to start."""
    if importlib.util.find_spec("distributed") is None:
        return 1
    return max(1, min(os.cpu_count() or 1, MOST, fits // PAYS))


def in_turn(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
    """Each task in this process: its number and its result."""
    for number, task in enumerate(tasks):
        yield number, function(*task)


def _client(scheduler: str | None, count: int, stack: ExitStack) -> Any:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError(
            "more than one process needs Dask: install 'posterity[cluster]', or leave out --scheduler and --workers."
        ) from None
    for name in ("distributed", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    settings = {
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.comm.timeouts.connect": CONNECT,
    }
    stack.enter_context(dask.config.set(settings))
    # xarray takes its file locks from a default client, and this one is not for it
    try:
        if scheduler is not None:
            client = Client(scheduler, timeout=CONNECT, set_as_default=False)
            client.wait_for_workers(1, timeout=120)
            return client
        local = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
        return Client(stack.enter_context(local), set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        if scheduler is None:
            raise InputError(
                f"{count} processes could not be started here ({error}); use --workers 1."
            ) from None
        raise InputError(
            f"--scheduler {scheduler!r} does not answer ({error}); start it with 'dask scheduler', or mend the address."
        ) from None


def _spread(
    client: Any, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[int, Any]]:
    import cloudpickle
    from distributed import KilledWorker, as_completed
    from distributed.client import FutureCancelledError

    mine = versions()

    def unpack(task: bytes) -> Any:
        # goes by value and opens its task here: a worker that cannot would otherwise close without a word
        import pickle

        return pickle.loads(task)()  # noqa: S301 what this process packed

    waiting = iter(enumerate(tasks))
    numbers: dict[Any, int] = {}
    running = as_completed(loop=client.loop)

    def send() -> None:
        room = AHEAD * max(2, sum(client.nthreads().values())) - len(numbers)
        for number, task in [found for _, found in zip(range(room), waiting, strict=False)]:
            packed = cloudpickle.dumps(partial(_here, mine, function, task))
            future = client.submit(unpack, packed, pure=False)
            numbers[future.key] = number
            running.add(future)

    send()
    for future in running:
        number = numbers.pop(future.key)
        try:
            result = future.result()
        except ModuleNotFoundError as error:
            raise InputError(
                f"a worker has no module named {error.name!r}; install there what this process has, in the same versions."
            ) from None
        except KilledWorker:
            raise InputError(
                f"task {number} lost one worker after another; give workers more memory. "
                "Finished fits are kept, and the same command goes on."
            ) from None
        except FutureCancelledError:
            raise InputError(
                "the scheduler is gone; finished fits are kept, and the same command with one that lives goes on."
            ) from None
        yield number, result
        future.release()
        send()


def _here(expected: dict[str, str], function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
    """Run a task on a worker that has the same code and libraries; anything else could change its result."""
    import dask

    from ..models.sampling import prepare

    have = _versions()
    other = sorted(name for name in expected if have.get(name) != expected[name])
    if other:
        name = other[0]
        raise InputError(
            f"a worker has {name} {have.get(name)} where this process has {expected[name]}; install the same versions."
        )
    prepare("cpu")
    with dask.config.set(scheduler="synchronous"):  # xarray locks files by it
        return function(*task)


@cache
def _versions() -> dict[str, str]:
    return versions()
