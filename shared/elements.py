"""The elements of a call as the desk's form writes them into a case's text, a labelled line each (domain.md)."""

CALLER, WHEN, CAUSE, COURSE = "来电人", "时间", "起因", "经过"
ADDRESS = "地址"
"""Stands in a field of its own, and in texts that people write by the same form."""
