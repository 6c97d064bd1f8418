"""A folder of outputs: one process at a time, nothing written through links, nothing left half written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...data.errors import InputError

try:
    import fcntl
except ImportError:  # Windows: files are written whole there too, but nothing keeps a second process away
    fcntl = None  # type: ignore[assignment]


@contextmanager
def alone_in(folder: Path) -> Iterator[Path]:
    """Make the folder if need be, and keep other processes out of it; the system lets go when this one dies.

    Raises
    ------
    InputError
        Where the folder cannot be written, holds links to other folders, or is another process's.
    """
    handle = _held(folder)
    try:
        yield folder
    finally:
        if handle is not None:
            os.close(handle)


def _held(folder: Path) -> int | None:
    """A handle on the folder under which it is locked, once it is known to be writable and is tidy."""
    handle = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe.{os.getpid()}"
        probe.unlink(missing_ok=True)
        probe.touch()
        probe.unlink()
        if fcntl:
            handle = os.open(folder, os.O_RDONLY)
            _lock(handle, folder)
        _tidy(folder)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written ({error.strerror or error}); choose another folder with --out."
        ) from None
    return handle


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            f"{folder} is in use by another posterity process; wait until it ends, or choose another --out."
        ) from None
    except OSError as error:
        if error.errno not in (errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise  # file systems without locks: every file is written whole all the same


def _tidy(folder: Path) -> None:
    """Refuse links to folders; remove what a killed process left half written."""
    for place, folders, files in os.walk(folder):
        for name in (".", *folders):
            path = Path(place, name)
            if path.is_symlink():
                raise InputError(
                    f"{path} is a link to {path.readlink()}; nothing is written through links: "
                    "replace it by a folder."
                )
        for name in files:
            if name.startswith(".") and name.endswith(".tmp"):
                Path(place, name).unlink()
