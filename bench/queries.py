"""Row g: what the doors ask on many existing cases, one after the other, beside finding a document by its id."""

import time

from rich.table import Table

from bench.doors import Doors, Question
from bench.existing import Existing
from bench.rows import Row, percentile

TIMES = 200
"""Each question is asked so often; the first tenth warms up."""
WHOLE = frozenset(
    {
        "open cases by state",
        "figures of a day's cases",
        "urgent cases of a day",
        "texts of two hours",
        "opened in an hour",
        "repeated in an hour",
    }
)
"""Over all that is open, or over a day or an hour: as long as those are full, and asked once in a while."""
LEAST_MS, AIM_MS = 200.0, 50.0


async def seconds(question: Question, times: int) -> list[float]:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        await question.ask()
        found.append(time.perf_counter() - began)
    return found[times // 10 :]


async def row(ground: Existing, existing: int) -> tuple[Row, Table]:
    """The slowest p99 of a list or a look-up; and all questions."""
    doors = Doors(ground.settings)
    try:
        questions = await doors.questions()
        measured = [(question, await seconds(question, TIMES)) for question in questions]
    finally:
        doors.close()
    p99 = {question.name: 1000 * percentile(found, 0.99) for question, found in measured}
    slowest = max((name for name in p99 if name not in WHOLE), key=p99.__getitem__)
    return Row(
        what=f"the doors' questions on {existing:,} cases, slowest p99",
        unit="ms",
        value=p99[slowest],
        measured=f"{p99[slowest]:.1f} ms ({slowest})",
        bare=f"{p99['by id']:.1f} ms by id",
        least=LEAST_MS,
        aim=AIM_MS,
        higher=False,
        counted=f"{len(questions)} questions, {TIMES} times each, one at a time through the stores, pages of 50",
        details={f"{name}, p99 ms": p99[name] for name in sorted(WHOLE)},
    ), _table(measured)


def _table(measured: list[tuple[Question, list[float]]]) -> Table:
    made = Table("question", "of", "p50 ms", "p99 ms")
    for question, found in measured:
        made.add_row(
            question.name, question.service, *(f"{1000 * percentile(found, share):.1f}" for share in (0.5, 0.99))
        )
    return made
