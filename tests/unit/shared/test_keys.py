"""A process that lacks a key says so and ends: an empty one would seal, sign or index nothing."""

import base64
import os
import subprocess
import sys

import pytest

KEY = base64.b64encode(b"k" * 32).decode()
KEYS = {f"HOTLINE_{name}_KEY": KEY for name in ("SEAL", "REF", "SIGN")}


@pytest.mark.parametrize(
    ("service", "missing"),
    [
        ("desk", "HOTLINE_JWT_SECRET"),
        ("notify", "HOTLINE_SEAL_KEY"),
        ("intake", "HOTLINE_REF_KEY"),
        ("transfer", "HOTLINE_REF_KEY"),
        ("transfer", "HOTLINE_SIGN_KEY"),
    ],
)
def test_without_a_key_that_it_needs_a_process_ends_with_its_name(service: str, missing: str, tmp_path: object) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    given = {"HOTLINE_JWT_SECRET": "s", "HOTLINE_STATE_DIR": str(tmp_path), **KEYS}
    given.pop(missing)
    command = [sys.executable, "-m", f"services.{service}"]
    done = subprocess.run(command, env={**plain, **given}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"{missing} is not set: service.1 needs this key"
    assert "Traceback" not in done.stderr
