"""The built user interface, served as it lies in the wheel; a source checkout has it after `make web`."""

from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.exceptions import HTTPException

BUILT = Path(__file__).parents[1] / "ui"

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_FOR_EVER = "public, max-age=31536000, immutable"


def install(app: FastAPI, built: Path = BUILT) -> None:
    """Serve the pages of `built` at every path that is not the API's."""

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        if path.startswith("api/"):
            raise HTTPException(404)
        if not (built / "index.html").is_file():
            return PlainTextResponse("This server was installed without its pages: run `make web`.\n", 404)
        file = built / path
        if path and file.is_file() and file.resolve().is_relative_to(built.resolve()):
            # The names of assets hold a hash of what is in them.
            cached = {"Cache-Control": _FOR_EVER} if path.startswith("assets/") else {}
            return FileResponse(file, headers=HEADERS | cached)
        return FileResponse(built / "index.html", headers=HEADERS | {"Cache-Control": "no-cache"})
