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
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from ...data.errors import InputError
from .store import versions

Each = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[tuple[int, Any]]]
AHEAD = 3  # tasks out for each thread of the cluster: enough that none waits, few enough for its memory
DEATHS = 5  # workers that one task may lose before it is held to blame
CONNECT = "20s"
PATIENCE = 120.0  # seconds without a result after which there must be a worker, and that one is waited for
KEPT = "Finished fits are kept, and the same command goes on."
TWIN = 10  # fits that take as long as making a twin
# Settings of glibc's malloc in local workers. Under Dask's own settings every freed 64 kB goes back to the
# system, large arrays are mapped anew each time and each thread has its own heap; together this makes the
# arithmetic a quarter slower.
MEMORY = {
    "MALLOC_TRIM_THRESHOLD_": 2**30,
    "MALLOC_MMAP_THRESHOLD_": 2**25,
    "MALLOC_TOP_PAD_": 2**26,
    "MALLOC_ARENA_MAX": 1,
}
PAYS, MOST = 60, 8  # fits for which one more process pays, and the most processes started unasked


@contextmanager
def workers(scheduler: str | None, count: int = 1) -> Iterator[Each | None]:
    """What spreads tasks over the workers of a scheduler, or over `count` processes here; None for neither.

    Pickled functions and data travel to the scheduler: it must be one that is trusted. Processes start with
    the first task.

    Raises
    ------
    InputError
        Where Dask is not installed, the scheduler does not answer or goes away, it has no workers, or they
        run other versions.
    """
    if scheduler is None and count < 2:
        yield None
        return
    with ExitStack() as stack:
        clients: list[Any] = []

        def each(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
            if tasks and not clients:
                clients.append(stack.enter_context(_client(scheduler, count, stack)))
            yield from _on_cluster(clients[0], function, tasks) if tasks else ()

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
            "more than one process needs Dask: install 'posterity[cluster]', or leave "
            "out --scheduler and --workers."
        ) from None
    for name in ("distributed", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    settings = {
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.comm.timeouts.connect": CONNECT,
        **{f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in MEMORY.items()},
    }
    stack.enter_context(dask.config.set(settings))
    # xarray takes its file locks from a default client, and this one is not for it
    try:
        if scheduler is not None:
            return Client(scheduler, timeout=CONNECT, set_as_default=False)
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
            f"--scheduler {scheduler!r} does not answer ({error}); start it with 'dask scheduler', or mend "
            "the address."
        ) from None


def _on_cluster(
    client: Any, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[int, Any]]:
    import cloudpickle
    from distributed import KilledWorker
    from distributed.client import ClosedClientError

    mine = versions()

    def unpack(task: bytes) -> Any:
        # goes by value and opens its task here: a worker that cannot would otherwise close without a word
        import pickle

        return pickle.loads(task)()  # noqa: S301 what this process packed

    waiting = iter(enumerate(tasks))
    out: dict[Any, tuple[int, Any]] = {}  # number and future of each task
    done: SimpleQueue[Any] = SimpleQueue()

    def send() -> None:
        room = AHEAD * max(2, sum(client.nthreads().values())) - len(out)
        for number, task in [found for _, found in zip(range(room), waiting, strict=False)]:
            packed = cloudpickle.dumps(partial(_here, mine, function, task))
            future = client.submit(unpack, packed, pure=False)
            out[future.key] = number, future
            future.add_done_callback(done.put)

    with _scheduler_there():
        _await_worker(client)
        send()
    while out:
        with _scheduler_there():
            future = _next(client, done)
        number, _ = out.pop(future.key)
        try:
            with _scheduler_there(future):
                result = _result(client, future)
        except ModuleNotFoundError as error:
            raise InputError(
                f"a worker has no module named {error.name!r}; install there what this process has, in the "
                "same versions."
            ) from None
        except KilledWorker:
            raise InputError(
                f"task {number} lost one worker after another; give workers more memory. {KEPT}"
            ) from None
        try:
            yield number, result
        except GeneratorExit:  # whoever asked has enough
            with suppress(OSError, ClosedClientError):
                client.cancel([future for _, future in out.values()])
            raise
        future.release()
        with _scheduler_there():
            send()


@contextmanager
def _scheduler_there(future: Any = None) -> Iterator[None]:
    """Turn a lost scheduler into an InputError of one sentence; errors that a task raised pass through."""
    from distributed.client import ClosedClientError, FutureCancelledError

    try:
        yield
    except (ClosedClientError, FutureCancelledError, OSError):
        if future is not None and future.status == "error":
            raise
        raise InputError(
            "the scheduler is gone; finished fits are kept, and the same command with one that lives goes on."
        ) from None


def _next(client: Any, done: SimpleQueue[Any]) -> Any:
    """The next task that is done; a long one is waited for as long as there are workers."""
    while True:
        try:
            return done.get(timeout=PATIENCE)
        except Empty:
            _await_worker(client)


def _result(client: Any, future: Any) -> Any:
    """What a task gave; where its worker has died with it meanwhile, another makes it again."""
    while True:
        try:
            return future.result(timeout=PATIENCE)
        except TimeoutError:
            if future.status == "error":
                raise
            _await_worker(client)


def _await_worker(client: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise InputError(
            f"the scheduler has had no worker that takes tasks for {PATIENCE:g} seconds; start one with "
            f"'dask worker ADDRESS', or give those that pause more memory. {KEPT}"
        ) from None


def _here(expected: dict[str, str], function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
    """Run a task on a worker that has the same code and library versions; others could change its result."""
    import dask

    from ...models.engine.sampling import prepare

    have = versions()
    other = sorted(name for name in expected if have.get(name) != expected[name])
    if other:
        name = other[0]
        raise InputError(
            f"a worker has {name} {have.get(name)} where this process has {expected[name]}; "
            "install the same versions."
        )
    prepare("cpu")
    with dask.config.set(scheduler="synchronous"):  # xarray locks files by it
        return function(*task)
