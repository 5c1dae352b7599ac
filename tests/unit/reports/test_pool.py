"""The worker process: it works, and one that dies is replaced."""

import os
import pickle
import signal

from services.reports.pool import WorkerProcess
from services.reports.press import Press
from services.reports.words import find_topics
from tests.unit.reports.test_hot_topics import texts
from tests.unit.reports.world import FILE, WORDS


async def test_topics_from_another_process_are_the_same_and_a_dead_one_is_replaced() -> None:
    worker, today = WorkerProcess(), texts({"检测": 5})
    try:
        process = await worker(os.getpid)
        assert process != os.getpid()
        os.kill(process, signal.SIGKILL)
        assert await worker(find_topics, today, [], [], FILE.stop, 3) == find_topics(today, [], [], FILE.stop, 3)
    finally:
        await worker.stop()


def test_the_press_can_go_to_another_process() -> None:
    press = Press(FILE, WORDS, None)
    assert vars(pickle.loads(pickle.dumps(press))) == vars(press)
