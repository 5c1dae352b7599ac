"""The keys of a city: made once, kept beside its data, readable by their owner alone."""

import base64
import contextlib
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NAMES = ("jwt_secret", "seal_key", "ref_key", "sign_key")


def load_keys(folder: Path) -> dict[str, str]:
    """Base64 of 32 random bytes by name, from `folder`/secrets.json; made when there is none."""
    path = folder / "secrets.json"
    if not path.exists():
        _make(path)
    return dict(json.loads(path.read_text()))


def public_key(sign_key: str) -> str:
    """Base64 of the Ed25519 public key that belongs to a base64 private key."""
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(sign_key))
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"secrets.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps({name: base64.b64encode(os.urandom(32)).decode() for name in NAMES}))
    # Linked, not renamed: whoever comes second keeps the first one's keys.
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
