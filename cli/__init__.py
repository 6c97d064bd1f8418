"""The command line, one file for each group of commands; all numbers are computed in the rooms."""

from __future__ import annotations

import importlib
import logging
import sys

import typer
from typer.exceptions import TyperException

from .. import terminal
from ..data.errors import InputError, did_you_mean
from . import audit, calibrate, index, look, robustness, run, twin
from .options import app

__all__ = ["app", "audit", "calibrate", "index", "look", "main", "robustness", "run", "twin"]


def main() -> None:
    """Run a command: 0 on success, 2 on a user's error told in one sentence, no traceback without --debug."""
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    logging.getLogger("jax").setLevel(logging.ERROR)
    try:
        app(arguments or ["--help"], standalone_mode=False)
    except InputError as error:
        code, message = 2, str(error)
    except TyperException as error:
        code, message = 2, _usage(error, arguments)
    except (KeyboardInterrupt, typer.Abort):
        code, message = 130, "interrupted; the same command goes on where it stopped."
    except Exception as error:
        if debug:
            raise
        kind = type(error).__name__
        code, message = (
            1,
            (
                f"a fault of posterity itself ({kind}: {error}); run again with --debug and report the"
                " traceback."
            ),
        )
    else:
        return
    if debug and code == 2:
        importlib.import_module("traceback").print_exc()
    terminal.say(f"posterity: {' '.join(message.split())}")
    sys.exit(code)


def _usage(error: TyperException, arguments: list[str]) -> str:
    message = str(getattr(error, "format_message", error.__str__)()).rstrip(".")
    names = [c.name or c.callback.__name__ for c in app.registered_commands if c.callback]
    if arguments[0] not in names:
        near = "" if "Did you mean" in message else did_you_mean(arguments[0], names)
        return f"{message.rstrip('?')}{'?' if not near else '.'}{near}"
    return f"{message}; see 'posterity {arguments[0]} --help'."
