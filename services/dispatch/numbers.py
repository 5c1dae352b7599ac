"""Human case numbers (`SJZ-20210113-004217`) from leased blocks; gaps are legal, doubles are not."""

from collections.abc import Iterator
from datetime import datetime

from services.dispatch.store import Store


class Numbers:
    """Hands out numbers of a day without asking the database for each."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix
        self._day = ""
        self._block: Iterator[int] = iter(())
        self._left = 0

    async def reserve(self, count: int, now: datetime) -> list[str]:
        """`count` numbers of today; raises StoreAway."""
        day = f"{now:%Y%m%d}"
        numbers: list[str] = []
        while len(numbers) < count:
            if day != self._day or not self._left:
                block = await self._store.lease(day)
                self._day, self._block, self._left = day, iter(block), len(block)
            numbers.append(f"{self._prefix}-{day}-{next(self._block):06d}")
            self._left -= 1
        return numbers
