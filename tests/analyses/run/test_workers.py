"""Fits by other processes: the same results as in one, whatever happens to the processes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from pathlib import Path

import pytest

import posterity as po
from posterity.analyses.judge.records import comparison
from posterity.analyses.run import workers as cluster
from posterity.analyses.run.fit import run
from posterity.analyses.run.results import Request
from posterity.analyses.twins.write import write_twins
from posterity.data.errors import InputError
from posterity.models.engine.sampling import Sampler

from ...there import there

SAMPLER = Sampler(draws=100)


@pytest.fixture(scope="module")
def each():
    with cluster.workers(None, 2) as spread:
        yield spread


def estimates(fit):
    return [{k: v for k, v in e.items() if k != "seconds"} for e in comparison(fit)["estimates"]]


def test_a_killed_worker_loses_no_result(each, tmp_path):
    def dies_once(marker: Path, value: int) -> int:
        if value == 5 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return value * value

    found = dict(each(dies_once, [(tmp_path / "killed", n) for n in range(30)]))
    assert (tmp_path / "killed").exists()
    assert found == {n: n * n for n in range(30)}


def test_who_has_enough_waits_for_no_queued_task(each, tmp_path):
    def slow(number: int) -> int:
        time.sleep(0.3)
        (tmp_path / str(number)).touch()
        return number

    for _ in each(slow, [(n,) for n in range(6)]):
        break
    assert dict(each(lambda n: n, [(7,)])) == {0: 7}
    time.sleep(1.0)
    assert len(list(tmp_path.iterdir())) <= 4  # two were running


def test_fits_of_other_processes_equal_those_of_one(each, tmp_path):
    study = po.load("munnell-1990")
    panel = study.panel()
    kept = [Request("panel", SAMPLER, posteriors=tmp_path / name / "posteriors") for name in "ab"]
    alone = run(study, panel, ["T1.1", "T1.2"], kept[0])
    together = run(study, panel, ["T1.1", "T1.2"], kept[1], each=each)
    assert estimates(together) == estimates(alone)
    stored = [sorted(p.name for p in there(request.posteriors).glob("*.nc")) for request in kept]
    assert stored[0] == stored[1]
    assert len(stored[0]) == 5


def test_mixtures_over_twins_equal_those_of_one_process(each):
    study = po.load("munnell-1990")
    frame = study.panel().frame
    names = list(frame.columns)
    panels = []
    for number in range(3):
        changed = frame.copy()
        changed[names[-1]] = frame[names[-1]].to_numpy() * (1 + number / 50)
        panels.append(
            po.Panel.of(
                changed, entity=study.file.study.entity, time=study.file.study.time, source="SYNTHETIC"
            )
        )
    fits = [run(study, panels, ["T1.1"], Request("twin", SAMPLER), each=one) for one in (None, each)]
    assert estimates(fits[0]) == estimates(fits[1])


def test_an_error_of_a_task_comes_back_as_it_was(each):
    def refuse(value: int) -> int:
        raise InputError(f"row {value} is wrong.")

    with pytest.raises(InputError, match="row 3 is wrong"):
        list(each(refuse, [(3,)]))


def test_a_worker_that_lacks_a_module_is_said(each, monkeypatch, tmp_path):
    """Unpickled by the worker's own stream, such a task closes one worker after another and is waited for."""
    assert list(each(abs, [(-3,)])) == [(0, 3)]  # workers that start later would be given this process's path
    (tmp_path / "lacking.py").write_text("def square(value):\n    return value * value\n")
    monkeypatch.syspath_prepend(tmp_path)
    lacking = importlib.import_module("lacking")
    with pytest.raises(InputError, match="a worker has no module named 'lacking'"):
        list(each(lacking.square, [(3,)]))
    monkeypatch.delitem(sys.modules, "lacking")
    assert list(each(abs, [(-3,)])) == [(0, 3)]


def test_a_worker_with_other_versions_is_refused(each, monkeypatch):
    monkeypatch.setattr(cluster, "versions", lambda: {"numpy": "0.1"})
    with pytest.raises(InputError, match=r"a worker has numpy .* where this process has 0\.1"):
        list(each(abs, [(3,)]))


def test_a_scheduler_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", "0.2s")
    with (
        cluster.workers("tcp://127.0.0.1:9") as spread,
        pytest.raises(InputError, match="does not answer"),
    ):
        list(there(spread)(abs, [(3,)]))


@pytest.fixture
def own(monkeypatch):
    """A scheduler with one worker, in threads of this process."""
    monkeypatch.setattr(cluster, "CONNECT", "0.5s")
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    from distributed import LocalCluster

    with LocalCluster(1, processes=False, dashboard_address="127.0.0.1:0") as made:
        yield made


def test_a_scheduler_that_goes_away_is_one_sentence(own):
    with cluster.workers(own.scheduler_address) as spread:
        results = there(spread)(abs, [(-n,) for n in range(20)])
        next(results)
        own.close()
        with pytest.raises(InputError, match="the scheduler is gone; finished fits are kept"):
            list(results)


@pytest.mark.parametrize("done", [True, False])
def test_a_scheduler_without_workers_is_not_waited_for_without_end(own, done):
    """When every worker has died for good, unfinished tasks and tasks whose results were lost stay queued."""
    with cluster.workers(own.scheduler_address) as spread:
        results = there(spread)(time.sleep, [(0.0 if done else 0.1,)] * 20)
        next(results)
        time.sleep(0.5 * done)
        own.scale(0)
        with pytest.raises(
            InputError, match=r"no worker that takes tasks for 0\.2 seconds.* Finished fits are kept"
        ):
            list(results)


def test_a_task_longer_than_the_patience_is_waited_for(own):
    with cluster.workers(own.scheduler_address) as spread:
        assert list(there(spread)(time.sleep, [(0.6,)])) == [(0, None)]


def test_an_error_of_a_disk_is_not_taken_for_one_of_the_scheduler(each):
    def full(value: int) -> int:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        list(each(full, [(3,)]))


def test_without_dask_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with cluster.workers(None, 2) as spread, pytest.raises(InputError, match=r"posterity\[cluster\]"):
        list(there(spread)(abs, [(3,)]))


def test_one_process_needs_no_cluster():
    with cluster.workers(None, 1) as spread:
        assert spread is None
    assert cluster.worth(10) == 1


def test_twins_of_other_processes_equal_those_of_one(each, small, tmp_path):
    study = po.load(small)
    sums = []
    for name, spread in (("a", None), ("b", each)):
        made = write_twins(study, 2, tmp_path / name, seed=3, each=spread)
        sums.append([(row["file"], row["sha256"]) for row in made["twins"]])
    assert sums[0] == sums[1]
