"""What every page needs, in one place."""

from typing import Any, NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse

from services.desk.clients import Ask, Reply, Services
from services.desk.lags import Lags
from services.desk.live import Hub
from services.desk.policy import City
from services.desk.render import Renderer, new_key
from services.desk.reveals import Reveals
from services.desk.session import Visitor, visitor
from services.desk.store import Store
from shared.clock import Clock
from shared.settings import Settings

MOST_FIELD = 20_000
NEXT_KEY = "Desk-Key"
"""Response header: the Idempotency-Key of what the form sends next."""


class Desk(NamedTuple):
    """The desk's parts."""

    settings: Settings
    clock: Clock
    store: Store
    services: Services
    hub: Hub
    city: City
    renderer: Renderer
    lags: Lags
    reveals: Reveals

    def visitor(self, request: Request, *roles: str) -> Visitor:
        """Whoever is signed in, if of one of these roles (`unit` for any unit; none given: everybody)."""
        return visitor(request, self.settings, frozenset(roles) or None)

    def page(self, request: Request, template: str, by: Visitor | None = None, **more: Any) -> HTMLResponse:
        return self.renderer.page(request, template, by, **more)

    async def ask(
        self, by: Visitor, service: str, method: str, path: str, *, body: Any = None, key: str = "", **query: str
    ) -> Reply:
        """Another service, on this person's behalf."""
        wish = Ask(service=service, method=method, path=path, token=by.token, body=body, query=query, key=key)
        return await self.services.send(wish)

    def outcome(
        self, request: Request, by: Visitor, service: str, reply: Reply, template: str = "_outcome.html", **more: Any
    ) -> HTMLResponse:
        """What came of an action, as words; a good one lets the page fetch what has changed.

        `poll`: where to ask for an outcome that is not known yet. Until it is, the form keeps its words and its key;
        then it gets its next key (keep.js).
        """
        response = self.page(request, template, by, service=service, reply=reply, **{"poll": "", **more})
        if more.get("poll"):
            return response
        if reply.final:
            response.headers[NEXT_KEY] = new_key()
        if reply.good:
            response.headers["HX-Trigger"] = "desk-done"
        return response

    def incomplete(self, request: Request, by: Visitor, field: str) -> HTMLResponse:
        """A field that must be filled is empty."""
        return self.page(request, "_incomplete.html", by, field=field)


async def fields(request: Request) -> dict[str, str]:
    """A form's text fields, bounded; of a field sent several times the values are joined by spaces."""
    form = await request.form(max_files=0, max_fields=200)
    names = dict.fromkeys(name for name, _ in form.multi_items())
    return {name: " ".join(str(value) for value in form.getlist(name))[:MOST_FIELD] for name in names}
