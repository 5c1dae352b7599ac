"""What two cities say of the transfers between them must be the same. Pure."""

from collections.abc import Iterator, Mapping

from hotline.surge.histories import Histories, Transfer
from shared.ids import contact_id

COMPLETED = "transfer.completed.v1"


def disagreements(cities: Mapping[str, Histories]) -> list[str]:
    """Each transfer became one case at its target, whose end is the transfer's; each such case was asked for."""
    found = []
    for origin, target, transfer, known in _transfers(cities):
        births = cities[target].births.get((contact_id(origin, "transfer", transfer), 1), [])
        cases = {birth.partition("#")[0] for birth in births}
        if known.end == COMPLETED and len(cases) != 1:
            found.append(f"{origin} has a result of transfer {transfer}, and {target} opened {len(cases)} cases for it")
        if known.end == COMPLETED and not all(cities[target].closed.get(case) for case in cases):
            found.append(f"{origin} has a result of transfer {transfer}, and its case at {target} is open")
    return found


def _transfers(cities: Mapping[str, Histories]) -> Iterator[tuple[str, str, str, Transfer]]:
    """Origin, target, id and fate of every transfer between these cities."""
    for origin, histories in cities.items():
        for transfer, known in histories.transfers.items():
            if known.target in cities:
                yield origin, known.target, transfer, known
