"""Rows d and e: whole lifecycles over HTTP on many existing cases, beside the same on few; e in turns."""

from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from bench.existing import Existing
from bench.journey import Lifecycle, Pace, Travelled
from bench.rows import Row, percentile

TOGETHER, WARM_S, COUNTED_S = 64, 8.0, 30.0
"""Lifecycles at any time; begun in the first seconds they are not counted."""
SLICES, SLICE_S, SLICE_RATE = 3, 15.0, 15.0
"""Of the costs: slices on each ground, seconds of a slice, lifecycles a second."""


class Slice(Struct, frozen=True, kw_only=True):
    """What a slice's lifecycles cost: CPU milliseconds of each by process, and their requests' seconds."""

    cpu_ms: dict[str, float]
    seconds: list[float]
    failed: int

    @property
    def cost(self) -> float:
        return sum(self.cpu_ms.values())


def failures(lifecycles: Iterable[Lifecycle]) -> list[str]:
    return [one.failed for one in lifecycles if one.failed]


async def rate(ground: Existing, name: str) -> tuple[float, Travelled]:
    """Lifecycles that came to their end in a second of full load."""
    journey = structs.replace(ground.journey, name=name, together=TOGETHER, seconds=WARM_S + COUNTED_S)
    travelled = await ground.travel(journey)
    await ground.drained()
    ends = sorted(one.at + one.seconds for one in travelled.lifecycles if not one.failed)
    if not ends:
        return 0.0, travelled
    begin = min(one.at for one in travelled.lifecycles) + WARM_S
    return sum(begin <= end < begin + COUNTED_S for end in ends) / COUNTED_S, travelled


async def rate_row(many: Existing, beside: float, existing: int) -> Row:
    """Row d; `beside`: the same on few cases."""
    value, travelled = await rate(many, "many")
    failed = failures(travelled.lifecycles)
    kinds = sorted({request.kind for request in travelled.requests})
    details = {
        f"{kind} {label} ms": 1000 * percentile([r.seconds for r in travelled.requests if r.kind == kind], share)
        for kind in kinds
        for label, share in (("p50", 0.5), ("p95", 0.95))
    }
    return Row(
        what=f"lifecycles over HTTP on {existing:,} cases",
        unit="/s",
        value=value,
        measured=f"{value:.1f}/s" + (f", {len(failed)} failed: {failed[0]}" if failed else ""),
        bare=f"{beside:.1f}/s on few cases",
        least=60,
        aim=150,
        higher=True,
        counted=f"register, sign, answer, audit, SMS, follow_up; {TOGETHER} lifecycles at a time for {COUNTED_S:.0f} s",
        details={"requests": len(travelled.requests), "failed": len(failed), **details},
    )


async def cost(ground: Existing, name: str) -> Slice:
    """One slice, until the last reader has read it."""
    journey = structs.replace(ground.journey, name=name, paces=[Pace(SLICE_RATE, SLICE_S)])
    before = ground.cpu()
    travelled = await ground.travel(journey)
    await ground.drained()
    done = len(travelled.lifecycles)
    used = {name: 1000 * (now - before[name]) / done for name, now in ground.cpu().items() if name in before}
    failed = failures(travelled.lifecycles)
    return Slice(cpu_ms=used, seconds=[one.seconds for one in travelled.lifecycles], failed=len(failed))


def _median(slices: Sequence[Slice]) -> Slice:
    return sorted(slices, key=lambda one: one.cost)[len(slices) // 2]


async def cost_row(many: Existing, few: Existing, existing: int) -> Row:
    """Row e: slices in turns, so that whatever else the machine does meets both alike; the median slice of each."""
    at_many, at_few = [], []
    for number in range(SLICES):
        at_few.append(await cost(few, f"cost-few-{number}"))
        at_many.append(await cost(many, f"cost-many-{number}"))
    big, small = _median(at_many), _median(at_few)
    parts = {f"{name} CPU ms": used for name, used in big.cpu_ms.items()}
    beside = {f"{name} CPU ms, few": used for name, used in small.cpu_ms.items()}
    walls = [percentile([s for one in slices for s in one.seconds], 0.5) for slices in (at_many, at_few)]
    return Row(
        what=f"cost of a case at {existing:,} against few",
        unit="×",
        value=big.cost / small.cost,
        measured=f"{big.cost:.1f} ms CPU, {walls[0]:.2f} s",
        bare=f"{small.cost:.1f} ms CPU, {walls[1]:.2f} s on few cases",
        least=1.5,
        aim=1.1,
        higher=False,
        counted=f"mongod and six services; {SLICES} slices of {SLICE_S:.0f} s at {SLICE_RATE:g}/s each, in turns",
        details={
            "failed": sum(one.failed for one in (*at_many, *at_few)),
            "median lifecycle, times": walls[0] / walls[1],
            **parts,
            **beside,
            **{f"slice {n + 1}": m.cost / f.cost for n, (m, f) in enumerate(zip(at_many, at_few, strict=True))},
        },
    )
