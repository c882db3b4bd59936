"""The background thread that works on the newest request."""

import threading
import time

from hlsexplore_widgets.worker import LatestWins, Throttle


def test_newest_job_replaces_the_one_that_waits():
    gate, seen = threading.Event(), []

    def run(job, is_superseded):
        gate.wait(5)
        seen.append((job, is_superseded()))

    worker = LatestWins(run, "test")
    for job in range(50):
        worker.submit(job)
        time.sleep(0.002 if job == 0 else 0)
    gate.set()
    assert worker.wait(5)
    assert seen[-1] == (49, False) and len(seen) <= 2
    worker.close()


def test_closed_worker_takes_no_jobs():
    seen = []
    worker = LatestWins(lambda job, is_superseded: seen.append(job), "test")
    worker.close()
    worker.submit(1)
    assert seen == []


def test_throttle_keeps_the_last_note():
    seen, value = [], [0]
    throttle = Throttle(lambda: seen.append(value[0]), per_second=20)
    for value[0] in range(100):
        throttle.poke()
    deadline = time.monotonic() + 2
    while seen[-1] != 99 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert seen[-1] == 99 and len(seen) <= 5
