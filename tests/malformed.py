"""Bodies that no door may take, and what every refusal must look like."""

import httpx

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"how": "per',
    "no json": b"hello",
    "null": b"null",
    "a number": b"1e999",
    "not a number": b'{"matter": NaN}',
    "an array": b"[[]]",
    "an empty array": b"[]",
    "an empty object": b"{}",
    "no utf-8": b'{"reason": "\xff\xfe", "text": "\xff"}',
    "half a surrogate": b'{"reason": "\\ud800"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "an array too deep": b"[" * 100_000,
    "an object too deep": b'{"a":' * 100_000,
    "wrong types": b'{"how": 1, "proof": [], "matter": "x", "reason": {}, "order": 5, "lead": null, "case_id": 7}',
    "too large": b'{"reason": "' + b"x" * 2_000_000 + b'"}',
}


def refused(answer: httpx.Response, what: str) -> None:
    """4xx with a reason and words, and nothing of the program's insides."""
    assert 400 <= answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:200]}"
    body = answer.json()
    assert set(body) == {"reason", "detail"}, f"{what}: {body}"
    assert body["reason"], what
    assert body["detail"], what
    assert "Traceback" not in answer.text
