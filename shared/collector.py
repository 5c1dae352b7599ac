"""Python's garbage collector in processes that make many objects and no cycles (docs/decisions/0012)."""

import gc

GARBAGE = 500_000
"""New objects that live, between two looks of the garbage collector: more than a batch of a surge makes, or every look
goes through a batch that is about to end by itself."""


def spare_the_collector() -> None:
    """Call when everything is loaded. A look every 700 objects took a quarter of dispatch's CPU."""
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)
