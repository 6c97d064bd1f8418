"""Output folders: one process at a time, nothing through links, full and read-only disks in one sentence."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from posterity.analyses.run.folder import alone_in
from posterity.analyses.run.store import write_whole
from posterity.data.errors import InputError

HOLD = """
import sys
from pathlib import Path
from posterity.analyses.run.folder import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder until it is killed."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_until_the_first_dies(holder, tmp_path):
    with pytest.raises(InputError, match="in use by another posterity process; wait"), alone_in(tmp_path):
        pass
    holder.kill()
    holder.wait()
    with alone_in(tmp_path):
        pass


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / "figures").mkdir()
    left = [tmp_path / ".report.html.12.tmp", tmp_path / "figures" / ".a.png.12.tmp"]
    for path in left:
        path.write_text("half")
    (tmp_path / "figures" / "a.png").write_text("whole")
    with alone_in(tmp_path):
        assert not any(path.exists() for path in left)
        assert (tmp_path / "figures" / "a.png").exists()


@pytest.mark.parametrize("name", ["figures", "posteriors", "tables/deep", "."])
def test_links_to_folders_are_refused(name, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = tmp_path / "out" / "study"
    link = folder / name
    if name == ".":
        link = folder
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    with (
        pytest.raises(InputError, match=r"is a link to .*elsewhere; nothing is written through links"),
        alone_in(folder),
    ):
        pass
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("name", ["report.html", ".report.html.{}.tmp"])
def test_links_to_files_are_replaced_not_written_through(name, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / name.format(os.getpid())).symlink_to(secret)
    write_whole(folder / "report.html", lambda path: path.write_text("page"))
    assert secret.read_text() == "mine"
    assert (folder / "report.html").read_text() == "page"
    assert not (folder / "report.html").is_symlink()


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "out").write_text("")
    with (
        pytest.raises(InputError, match=r"out cannot be written .*choose another folder with --out"),
        alone_in(tmp_path / "out"),
    ):
        pass


def test_a_read_only_folder_is_one_sentence(tmp_path, monkeypatch):
    def read_only(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(30, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "touch", read_only)  # root may write where permissions forbid it
    with pytest.raises(InputError, match="Read-only file system"), alone_in(tmp_path):
        pass


def test_a_full_disk_is_one_sentence(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(InputError, match=r"big cannot be written \(File too large\)"):
            write_whole(tmp_path / "big", lambda path: path.write_bytes(b"x" * 5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())
