"""Identities: every id is derived from what caused it, so that a retry carries the same ids."""

import hashlib
import re
from typing import Any
from uuid import UUID

import msgspec

from shared.events.topics import Lane

ROOT = UUID("5a7f1c9e-2f62-5c1e-9a53-12345c0de000")
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}
TRACEPARENT = re.compile(r"^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$")
_HEX = re.compile(r"[0-9a-f]{32}")


def derive(*parts: str | int) -> str:
    """A UUID (v5) of the parts, in their order; put together here, because uuid.uuid5 takes three times as long."""
    name = "\x1f".join(str(part) for part in parts)
    hexed = hashlib.sha1(ROOT.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANT[hexed[16]]
    return f"{hexed[:8]}-{hexed[8:12]}-5{hexed[13:16]}-{variant}{hexed[17:20]}-{hexed[20:32]}"


def contact_id(client: str, channel: str, own_id: str) -> str:
    """Id of a contact: who brought it, on which channel, under which id of the channel's own."""
    return derive("contact", client, channel, own_id)


def case_id(lane: Lane, contact: str, matter: int) -> str:
    """Id of a contact's nth matter; its first letter is the lane."""
    return f"{lane[0].upper()}-{derive('case', contact, matter)}"


def event_id(case: str, sequence: int) -> str:
    return derive("event", case, sequence)


def client_command_id(client: str, own_id: str) -> str:
    """Id of a command from outside: the authenticated client and the id it chose."""
    return derive("client", client, own_id)


def caused_command_id(cause: str, verb: str, target: str) -> str:
    """Id of a command that a service sends because of something it read."""
    return derive("cause", cause, verb, target)


def digest(body: Any) -> str:
    """Digest of a sender's canonical body (keys sorted), to tell a repeat from another content under a known id."""
    return hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()[:32]


def receipt_code(contact: str) -> str:
    """Eight characters for a caller who leaves before the case has its number."""
    return contact.replace("-", "")[:8].upper()


def trace_of(parent: str, of: str) -> str:
    """The trace (32 hex digits) of a traceparent, or else of a case or contact, whose trace has its id; or empty.

    So a command that comes days later over another door, without a trace of its own, still belongs to its case.
    """
    if match := TRACEPARENT.match(parent):
        return match[1]
    own = of[-36:].replace("-", "")
    return own if _HEX.fullmatch(own) else ""


def span_of(parent: str, identity: str, of: str) -> str:
    """A traceparent whose span id is taken from an event's or command's id: a repeat is the same to the byte."""
    trace = trace_of(parent, of)
    return f"00-{trace}-{identity.replace('-', '')[:16]}-01" if trace else ""
