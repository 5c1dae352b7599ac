"""hotline surge."""


def surge() -> None:
    """Replay calls."""
