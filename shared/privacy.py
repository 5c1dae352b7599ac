"""Personal data: sealing, the blind index, masking. Only intake, notify and transfer hold the sealing key."""

import base64
import hmac
import os
import re
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.events.commands import RequestType

KEY_ID = "k1"
_NUMBERS = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d)(\d{4})(\d{4})(?!\d)|(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)")


def is_secret(request_type: RequestType) -> bool:
    """A report of misconduct (举报): its reporter is known to fewer people, and it is tied to its like alone."""
    return request_type == "JB"


class Sealed(ValueError):
    """The sealed text cannot be opened with this key."""


@lru_cache(maxsize=8)
def _box(key: str) -> AESGCM:
    """The cipher of a key, which is made ready only once."""
    return AESGCM(base64.b64decode(key))


def seal(key: str, text: str) -> str:
    """AES-256-GCM with a random nonce: `<key id>.<base64 of nonce and ciphertext>`; `key` is base64 of 32 bytes."""
    nonce = os.urandom(12)
    box = _box(key).encrypt(nonce, text.encode(), KEY_ID.encode())
    return f"{KEY_ID}.{base64.b64encode(nonce + box).decode()}"


def unseal(key: str, sealed: str) -> str:
    """The text again; raises Sealed."""
    key_id, _, box = sealed.partition(".")
    try:
        data = base64.b64decode(box)
        return _box(key).decrypt(data[:12], data[12:], key_id.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise Sealed("sealed with another key, or damaged") from error


def caller_ref(key: str, number: str) -> str:
    """Blind index of a number: the same caller has the same reference, which says nothing of him."""
    return hmac.digest(key.encode(), number.encode(), "sha256").hex()[:24]


def mask_number(number: str) -> str:
    """`+8613812341234` → `138****1234` (domain.md §11)."""
    local = number.removeprefix("+86")
    return f"{local[:3]}****{local[-4:]}" if len(local) > 7 else "****"


def redact(text: str) -> str:
    """Mobile and identity numbers in running text, masked."""
    return _NUMBERS.sub(
        lambda m: f"{m[1]}****{m[3]}" if m[1] else f"{m[4]}********{m[5]}",
        text,
    )
