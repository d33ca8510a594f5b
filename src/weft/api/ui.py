"""The built user interface, served as it lies in the wheel; a source checkout has it after `make web`."""

import gzip
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request, Response
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
_COMPRESSIBLE = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


def install(app: FastAPI, built: Path = BUILT) -> None:
    """Serve the pages of `built` at every path that is not the API's."""

    @app.get("/{path:path}", include_in_schema=False)
    def page(request: Request, path: str) -> Response:
        if path.startswith("api/"):
            raise HTTPException(404)
        if not (built / "index.html").is_file():
            return PlainTextResponse("This server was installed without its pages: run `make web`.\n", 404)
        file = built / path
        if path and file.is_file() and file.resolve().is_relative_to(built.resolve()):
            # The names of assets hold a hash of what is in them.
            if not path.startswith("assets/"):
                return FileResponse(file, headers=HEADERS)
            return _asset(file, compressed="gzip" in request.headers.get("accept-encoding", ""))
        return FileResponse(built / "index.html", headers=HEADERS | {"Cache-Control": "no-cache"})


def _asset(file: Path, *, compressed: bool) -> Response:
    headers = HEADERS | {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
    if not compressed or file.suffix not in _COMPRESSIBLE:
        return FileResponse(file, headers=headers)
    return Response(
        _compressed(file),
        media_type=_COMPRESSIBLE[file.suffix],
        headers=headers | {"Content-Encoding": "gzip"},
    )


@lru_cache(maxsize=64)
def _compressed(file: Path) -> bytes:
    """What is in the file, which never changes under its name."""
    return gzip.compress(file.read_bytes(), mtime=0)
