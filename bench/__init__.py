"""Speeds of the platform beside a bare loop of the same run, printed as ratios (docs/performance.md)."""
