"""The elements of a call as the desk's form writes them into a case's text, a labelled line each (domain.md)."""

import re

CALLER, WHEN, CAUSE, COURSE = "来电人", "时间", "起因", "经过"
ADDRESS = "地址"
"""Stands in a field of its own, and in texts that people write by the same form."""

CALLER_LINE = re.compile(rf"^[ \t]*{CALLER}[：:][ \t]*(.*)\n?", re.M)


def told(text: str) -> str:
    """Without the caller's line: what was told, not who told it."""
    return CALLER_LINE.sub("", text).strip()


def callers(text: str) -> list[str]:
    """Who told it, as the caller's line says it."""
    return [line.strip() for line in CALLER_LINE.findall(text) if line.strip()]
