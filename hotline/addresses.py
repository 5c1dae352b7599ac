"""addresses.json: where a city's running platform answers, for operators' commands in other processes."""

import json
import os
from pathlib import Path
from typing import Any

NAME = "addresses.json"


def publish(folder: Path, body: dict[str, Any]) -> bool:
    """Write the addresses with this process's id; False, and nothing written, where another living platform stands."""
    path = folder / NAME
    if _owner(path) not in (0, os.getpid()):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({**body, "pid": os.getpid()}, indent=2))
    draft.replace(path)
    return True


def withdraw(folder: Path) -> None:
    """Remove what this process published."""
    path = folder / NAME
    if _owner(path) == os.getpid():
        path.unlink()


def _owner(path: Path) -> int:
    """Process id of the living platform that published the file; 0 for none."""
    if not path.exists():
        return 0
    pid = int(json.loads(path.read_text()).get("pid", 0))
    return pid if pid and Path(f"/proc/{pid}").exists() else 0
