"""Callers' numbers, as they dial, in one form: E.164, and public short numbers with their area code."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_SHORT = re.compile(r"(0\d{2,3})?(110|119|120|122|12345|12315|12320|12328|12333|12348|12388|9[56]\d{3,4})", re.ASCII)
"""Numbers that there are (domain.md §16), after an area code or without: any other is a longer one cut off."""
_LOCAL = re.compile(r"[2-9]\d{6,7}", re.ASCII)
_MOBILE = re.compile(r"1\d{10}", re.ASCII)
_NOISE = re.compile(r"[\s\-()]")


class NoNumber(ValueError):
    """Nobody can be called back under this; the text is for the sender and repeats nothing of it."""


@lru_cache(maxsize=1024)
def _mobile(prefix: str) -> bool:
    """Whether numbers of eleven digits that begin so are mobile ones: the first five decide, whatever follows."""
    parsed = phonenumbers.parse(f"{prefix}000000", "CN")
    return phonenumbers.number_type(parsed) == PhoneNumberType.MOBILE


@lru_cache(maxsize=16_384)
def normal(number: str, area: str) -> str:
    """A number as dialled in one form; raises NoNumber. `area`: the code of those who dial without one.

    In 0311: `13812341234` → `+8613812341234`, `88881234` → `+8631188881234`, `12345` → `0311-12345`,
    `(0531)12345` → `0531-12345`; in full-width digits and signs it is the same number.
    """
    digits = _NOISE.sub("", unicodedata.normalize("NFKC", number))
    if _MOBILE.fullmatch(digits) and _mobile(digits[:5]):
        return f"+86{digits}"
    if short := _SHORT.fullmatch(digits):
        return f"{short[1] or area}-{short[2]}"
    try:
        parsed = phonenumbers.parse(area + digits if _LOCAL.fullmatch(digits) else digits, "CN")
    except NumberParseException as error:
        raise NoNumber("this is no telephone number; leave it empty where there is none") from error
    if not phonenumbers.is_valid_number(parsed):
        raise NoNumber("this is no valid telephone number; a number without area code is taken as a local one")
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
