"""Who is calling: locally signed JWT with a role. Another issuer (OIDC) can stand behind the same two functions."""

import time
from functools import lru_cache

from joserfc import jwt
from joserfc.errors import BadSignatureError, DecodeError, ExpiredTokenError, JoseError
from joserfc.jwk import OctKey
from msgspec import Struct

ROLES = ("agent", "dispatcher", "auditor", "supervisor", "editor", "officer", "service", "operator")
"""editor: knowledge and bulletins; officer: the city office that reads reports. The others as in domain.md §11."""
_REQUIRED = jwt.JWTClaimsRegistry(sub={"essential": True}, role={"essential": True}, exp={"essential": True})

_WORDS: dict[type[Exception], str] = {
    BadSignatureError: "the token was signed with another key; is it a token of this city?",
    DecodeError: "this is no token: three parts with dots between them, as `hotline token` prints it",
    ExpiredTokenError: "the token has expired",
}


class Forbidden(ValueError):
    """No valid token, or a role without this right; the text is for the caller."""


class Identity(Struct, frozen=True):
    """`role` is one of ROLES or unit:<code>."""

    subject: str
    role: str

    @property
    def actor(self) -> str:
        return self.role if self.role.startswith("unit:") else f"{self.role}:{self.subject}"

    @property
    def unit(self) -> str:
        """The unit's code, or empty for everybody else."""
        return self.role.removeprefix("unit:") if self.role.startswith("unit:") else ""


def issue(secret: str, subject: str, role: str, hours: float) -> str:
    """A signed token that is valid for so many hours (HS256)."""
    now = int(time.time())
    claims = {"sub": subject, "role": role, "iat": now, "exp": now + int(hours * 3600)}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


def verify(secret: str, authorization: str) -> Identity:
    """The identity behind an `Authorization: Bearer …` header; raises Forbidden."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Forbidden("no token; send one: Authorization: Bearer …")
    identity, expires = _checked(secret, token)
    if expires <= time.time():
        raise Forbidden(_WORDS[ExpiredTokenError])
    return identity


@lru_cache(maxsize=4096)
def _checked(secret: str, token: str) -> tuple[Identity, float]:
    """Identity and expiry (unix seconds) of a token whose signature holds; checked once per token."""
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"]).claims
        _REQUIRED.validate(claims)
        return Identity(str(claims["sub"]), str(claims["role"])), float(claims["exp"])
    except JoseError as error:
        raise Forbidden(_WORDS.get(type(error), f"the token is not valid: {error}")) from error
    except Exception as error:
        # Anybody may send any header: whatever the library stumbles over in it is the sender's fault, not ours.
        raise Forbidden("the token is not valid: its header or its claims are not of the right kind") from error
