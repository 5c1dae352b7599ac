"""Personal data: sealing, the blind index, masking. Only intake, notify and transfer hold the sealing key."""

import base64
import hmac
import os
import re
import unicodedata
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.events.commands import RequestType

KEY_ID = "k1"
_GAP = r"[-‐‑‒–—―－_.．·・ \t\u00a0\u3000()（）]{0,3}"
_RUN = re.compile(rf"[+＋\d](?:{_GAP}\d){{6,}}[XxＸｘ]?")
"""Where a number can be. It begins with a set, which `re` looks for fast: most texts are through after this."""
_NUMBER = re.compile(
    r"""(?<!\d)(?:
      [48]00 -* \d{3} -* \d{4}  |  \d{8} - \d{6}
    | (?: (?:\+|00)? 86 -* | 0 )? (1[3-9]\d) -* \d{4} -* (\d{4})
    | (?: (?:\+|00) 86 -* (?P<abroad>0?(?:10|2\d|[3-9]\d\d)) | (?P<area>0(?:10|2\d|[3-9]\d\d)) )
      -* [2-9]\d{2,3} -* (\d{4})
    | (?P<region>[1-9]\d{5}) -* (?:18|19|20)\d\d -* (?:0[1-9]|1[0-2]) -* (?:0[1-9]|[12]\d|3[01]) -* (\d{3}[\dX])
    )(?!\d)""",
    re.VERBOSE | re.ASCII,
)
"""In a run in plain characters: what stays (service numbers, case numbers), mobiles, landlines, identity numbers.

Of what is masked the first and the last part are groups.
"""


class _Plain(dict[int, str]):
    """For `str.translate`: digits of any script and width become ASCII ones, gaps `-`; one character for one."""

    def __missing__(self, code: int) -> str:
        char = unicodedata.normalize("NFKC", chr(code)).upper()
        self[code] = str(int(char)) if char.isdecimal() else char if char in ("+", "X") else "-"
        return self[code]


_PLAIN = _Plain()
_UUID = re.compile("[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_UUID_LENGTH = 36


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
    """Mobile, landline and identity numbers in running text, masked, however they are written."""
    return _RUN.sub(lambda run: _masked(run, landlines=True), text)


def redact_answer(text: str) -> str:
    """As `redact`, but for what a citizen is told: it names the landlines of offices, which stay."""
    return _RUN.sub(lambda run: _masked(run, landlines=False), text)


def _masked(run: re.Match[str], *, landlines: bool) -> str:
    text, made, end = run[0], "", 0
    for found in _NUMBER.finditer(text.translate(_PLAIN)):
        if found.lastindex and (landlines or not _is_landline(found)) and not _in_uuid(run, found):
            made += text[end : found.start()] + _mask(found)
            end = found.end()
    return made + text[end:]


def _is_landline(found: re.Match[str]) -> bool:
    return bool(found["area"] or found["abroad"])


def _mask(found: re.Match[str]) -> str:
    """Never longer than what was written, for a text keeps to its limit."""
    first, last = filter(None, found.groups())
    hidden = min(8 if found["region"] else 4, len(found[0]) - len(first) - len(last))
    return f"{first}{'*' * hidden}{last}"


def _in_uuid(run: re.Match[str], found: re.Match[str]) -> bool:
    """Whether these are digits of an id (a case's, a contact's)."""
    start, end = run.start() + found.start(), run.start() + found.end()
    near = _UUID.finditer(run.string, max(0, start - _UUID_LENGTH), end + _UUID_LENGTH)
    return any(one.start() < end and start < one.end() for one in near)
