"""What a platform keeps and picks on a machine: keys, addresses, ports."""

import base64
import json
import os
from pathlib import Path

from hotline.addresses import publish, withdraw
from hotline.keys import load_keys
from hotline.ports import free_port, is_free


def test_ports_are_free_distinct_and_not_the_kernel_s_own() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(is_free(port) and port < 32_768 for port in ports)


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    first = load_keys(tmp_path / "130100")
    assert load_keys(tmp_path / "130100") == first
    assert {len(base64.b64decode(value)) for value in first.values()} == {32}
    assert [path.name for path in (tmp_path / "130100").iterdir()] == ["secrets.json"]
    assert (tmp_path / "130100" / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_addresses_of_a_living_platform_are_left_alone(tmp_path: Path) -> None:
    assert publish(tmp_path, {"kafka": "mine"})
    assert publish(tmp_path, {"kafka": "mine, scaled"})
    withdraw(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "addresses.json").write_text(json.dumps({"pid": os.getppid()}))
    assert not publish(tmp_path, {"kafka": "mine"})
    withdraw(tmp_path)
    assert (tmp_path / "addresses.json").exists()
