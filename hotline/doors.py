"""The doors of a platform's services: where an operator's process finds them, and how it speaks there."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import httpx

from shared.auth import issue
from shared.settings import Settings

ASK_S = 10.0
TOKEN_H = 1.0


class Unanswered(RuntimeError):
    """A service has no known address, does not answer, or refuses; the text is for the operator.

    `reason` is the service's code of its refusal, empty for everything else.
    """

    def __init__(self, words: str, reason: str = "") -> None:
        super().__init__(words)
        self.reason = reason


class Doors(NamedTuple):
    """A platform as an operator knows it: broker, database and secret, and the URLs of each service's replicas."""

    settings: Settings
    addresses: Mapping[str, Sequence[str]]

    def urls(self, service: str) -> Sequence[str]:
        """Of its replicas, at least one; raises Unanswered."""
        found = self.addresses.get(service)
        if not found:
            known = ", ".join(self.addresses) or "none"
            raise Unanswered(f"no address of {service} is known, only of: {known} (HOTLINE_URLS names others)")
        return found

    def headers(self, role: str = "operator") -> dict[str, str]:
        """Of a request in this role; raises NotGiven without the city's secret."""
        return {"Authorization": f"Bearer {issue(self.settings.key('jwt_secret'), 'hotline', role, TOKEN_H)}"}

    async def ask(
        self, service: str, path: str, method: str = "GET", *, at: str = "", timeout: float = ASK_S, **more: Any
    ) -> Any:
        """A service's answer to an operator, from JSON; `at`: this replica's URL, else the first one's.

        `more` goes to httpx, `timeout` is in seconds. Raises Unanswered, NotGiven.
        """
        url = at or self.urls(service)[0]
        try:
            async with httpx.AsyncClient(headers=self.headers(), timeout=timeout) as client:
                answer = await client.request(method, f"{url}{path}", **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unanswered(f"{service} does not answer at {url}: {str(error) or repr(error)}") from error
        return _body(service, answer)


def _body(service: str, answer: httpx.Response) -> Any:
    try:
        body = answer.json()
    except ValueError:
        words = f"{service} answers {answer.status_code} and no JSON: {answer.text[:200]!r}"
        raise Unanswered(words) from None
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        told = body if isinstance(body, dict) else {}
        raise Unanswered(str(told.get("detail", answer.text)), str(told.get("reason", "")))
    return body
