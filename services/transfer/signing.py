"""Signed requests between hotlines: RFC 9421 with Ed25519, at most 60 seconds old, each nonce good for once.

Covered: method, authority (so that it cannot be shown to another city), path, and the body's digest. The key id is the
sender's area code.
"""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    VerifyResult,
)
from http_message_signatures.algorithms import ED25519
from msgspec import Struct

from shared.clock import Clock
from shared.service import Problem

MAX_AGE = timedelta(seconds=60)
SKEW_S = 5.0
"""How far the partner's clock may be ahead, and how much longer an age is forgiven."""
COVERED = ("@method", "@authority", "@path")


class Message(Struct):
    """A request as the library wants to see it."""

    method: str
    url: str
    headers: dict[str, str]


class Nonces(Protocol):
    """What was seen: shared by all replicas, for longer than a signature lives."""

    async def first(self, nonce: str, at: datetime) -> bool:
        """Keep it; False where it is known. Raises StoreAway."""
        ...


class Signer:
    """Signs in the name of one hotline; `key` is base64 of its 32-byte private key."""

    def __init__(self, area: str, key: str, clock: Clock) -> None:
        self._area = area
        self._clock = clock
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(key))
        self._signer = HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=_Own(private))

    def headers(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """Headers that go with the request, under a new nonce."""
        message = Message(method, url, {"Content-Type": "application/json"} if body is not None else {})
        self._signer.sign(
            message,
            key_id=self._area,
            created=datetime.fromtimestamp(self._clock.real(), UTC),
            nonce=secrets.token_urlsafe(18),
            covered_component_ids=COVERED,
            body=body,
        )
        return message.headers


class Verifier:
    """Knows the partners' public keys (area code → base64) and what was seen."""

    def __init__(self, keys: dict[str, str], clock: Clock, nonces: Nonces) -> None:
        self._keys = {area: Ed25519PublicKey.from_public_bytes(base64.b64decode(key)) for area, key in keys.items()}
        self._clock = clock
        self._nonces = nonces

    async def sender(self, message: Message, body: bytes) -> str:
        """The area code of who signed it; Problem 401 or 403 with the reason."""
        resolver = _Theirs(self._keys)
        verifier = _Dated(signature_algorithm=ED25519, key_resolver=resolver)
        verifier.real = self._clock.real()
        try:
            (result,) = verifier.verify(message, max_age=MAX_AGE, require_components=COVERED, body=body)
        except InvalidSignature as error:
            raise _problem(message, resolver, error) from error
        await self._once(result)
        return str(result.parameters["keyid"])

    async def _once(self, result: VerifyResult) -> None:
        if not result.nonce:
            raise Problem(401, "bad_signature", "the signature has no nonce")
        key = f"{result.parameters['keyid']}/{result.nonce}"
        if not await self._nonces.first(key, datetime.fromtimestamp(self._clock.real(), UTC)):
            raise Problem(401, "replayed", "this nonce was used before; sign each request anew")


class _Old(InvalidSignature):
    """Outside the time in which a signature is good."""


class _Dated(HTTPMessageVerifier):
    """Judges the age by our clock."""

    real: float

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        created = sig_input.params.get("created")
        if type(created) is not int:
            raise InvalidSignature("the signature does not say when it was created")
        age = self.real - created
        if not -SKEW_S <= age <= MAX_AGE.total_seconds() + SKEW_S:
            raise _Old(f"the signature is {age:.0f} s old; at most {MAX_AGE.total_seconds():.0f} s count")


class _Own(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self._key


class _Theirs(HTTPSignatureKeyResolver):
    """Remembers whom it did not know."""

    def __init__(self, keys: dict[str, Ed25519PublicKey]) -> None:
        self._keys = keys
        self.unknown = False

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        self.unknown = key_id not in self._keys
        return self._keys.get(key_id)


def _problem(message: Message, resolver: _Theirs, error: InvalidSignature) -> Problem:
    if resolver.unknown:
        return Problem(403, "unknown_partner", "no key is known for this key id")
    if isinstance(error, _Old):
        return Problem(401, "old_signature", str(error))
    if "signature" not in {name.lower() for name in message.headers}:
        return Problem(401, "no_signature", "sign the request (RFC 9421, Ed25519)")
    return Problem(401, "bad_signature", str(error))
