"""What goes wrong, for people: a page or a line of words, never a stack trace."""

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.desk.render import Renderer
from services.desk.session import NotSignedIn, is_fragment, way_in
from shared.away import Away
from shared.service import Problem, install_errors


def install(app: FastAPI, renderer: Renderer) -> None:
    """JSON for programs (shared/service.py), words for browsers, the sign-in page for strangers."""
    install_errors(app)

    def words(request: Request, status: int, reason: str, detail: str) -> Response:
        if "text/html" not in request.headers.get("accept", "") and not is_fragment(request):
            return JSONResponse({"reason": reason, "detail": detail}, status_code=status)
        template = "_error.html" if is_fragment(request) else "error.html"
        return renderer.page(request, template, status=status, reason=reason, detail=detail)

    @app.exception_handler(NotSignedIn)
    async def not_signed_in(request: Request, error: NotSignedIn) -> Response:
        if is_fragment(request):
            return HTMLResponse("", status_code=401, headers={"HX-Redirect": way_in(request)})
        return RedirectResponse(way_in(request), status_code=303)

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return words(request, error.status, error.reason, error.detail)

    @app.exception_handler(Away)
    async def away(request: Request, error: Away) -> Response:
        response = words(request, 503, "not_now", "a server behind this page does not answer; try again")
        response.headers["Retry-After"] = "2"
        return response

    @app.exception_handler(404)
    async def nowhere(request: Request, error: Exception) -> Response:
        return words(request, 404, "no_such_page", f"there is no page {request.url.path}")
