"""Who is at the browser: a cookie that holds the token, a language, and the guard around every request."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import Response
from msgspec import Struct
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from shared.auth import Forbidden, Identity, verify
from shared.service import Problem
from shared.settings import Settings

TOKEN, LANGUAGE = "desk_token", "desk_lang"
LANGUAGES = ("zh-CN", "en")
YEAR_S = 31_536_000
ASSETS = ("/static/", "/lib/")
"""Paths that hold nothing personal; a browser may keep them and ask whether they are still right."""
_OWN = re.compile(r"/(?![/\\])[!-\[\]-~\u00a1-\uffff]*")
"""A path without blanks. Two slashes of either kind are another host to a browser, also with a tab between them."""
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class NotSignedIn(Exception):
    """The page needs somebody; the browser is sent to sign in."""


class Visitor(Struct, frozen=True):
    """An identity and the token that proves it to the other services."""

    who: Identity
    token: str


def visitor(request: Request, settings: Settings, roles: frozenset[str] | None = None) -> Visitor:
    """Who it is; raises NotSignedIn, or Problem 403 for a role that has nothing to do here."""
    token = request.cookies.get(TOKEN, "")
    try:
        who = verify(settings.key("jwt_secret"), f"Bearer {token}")
    except Forbidden as error:
        raise NotSignedIn from error
    if roles is not None and who.role.split(":")[0] not in roles:
        raise Problem(403, "forbidden", f"{who.role} has no access to this page")
    return Visitor(who, token)


def sign_in(response: Response, request: Request, token: str) -> None:
    """A session cookie; the token's own expiry ends it."""
    secure = request.url.scheme == "https"
    response.set_cookie(TOKEN, token, httponly=True, samesite="strict", secure=secure, path="/")


def sign_out(response: Response) -> None:
    response.delete_cookie(TOKEN, httponly=True, samesite="strict", path="/")


def is_fragment(request: Request) -> bool:
    """htmx asks for a part of a page."""
    return "hx-request" in request.headers


def way_in(request: Request) -> str:
    """Where to sign in, and that the way goes on from there to the page where somebody is or wanted to be."""
    page = urlsplit(request.headers.get("hx-current-url", "/") if is_fragment(request) else str(request.url))
    return f"/sign-in?next={quote(f'{page.path}?{page.query}'.rstrip('?'))}"


def way_on(request: Request) -> str:
    """The page of this desk that somebody was sent away from, else his first one; never an address elsewhere."""
    page = request.query_params.get("next", "")
    return page if _OWN.fullmatch(page) else "/"


def language(request: Request) -> str:
    """`?lang=`, else the cookie, else what the browser prefers of the two."""
    for wish in (request.query_params.get("lang"), request.cookies.get(LANGUAGE)):
        if wish in LANGUAGES:
            return str(wish)
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else LANGUAGES[0]


class Guard:
    """Around the application: refuses what another site sends (CSRF), and tells the browser what a page may load."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if scope["method"] not in ("GET", "HEAD") and not _same_site(Headers(scope=scope)):
            refused = PlainTextResponse("refused: the request does not come from a page of this desk", 403)
            return await refused(scope, receive, send)

        async def secured(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", POLICY)
                headers.setdefault("cache-control", "no-cache" if scope["path"].startswith(ASSETS) else "no-store")
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "same-origin"
            await send(message)

        return await self._app(scope, receive, secured)


def _same_site(headers: Headers) -> bool:
    """A page of this very origin, or a program that shows a token instead of a cookie."""
    if headers.get("authorization"):
        return True
    fetched = headers.get("sec-fetch-site")
    if fetched is not None and fetched != "same-origin":
        return False
    origin = headers.get("origin", "")
    return urlsplit(origin).netloc == headers.get("host") if origin else fetched == "same-origin"
