"""The application: routes, and errors as problem documents."""

from fastapi import FastAPI

from weft.api import problems
from weft.api.context import Context
from weft.api.routes import declared, hosts, progress

PREFIX = "/api/v1"


def create_app(context: Context) -> FastAPI:
    """The API over one store."""
    app = FastAPI(title="Weft", version="1", docs_url=None, redoc_url=None)
    app.state.context = context
    problems.install(app)
    app.include_router(progress.open_router)
    # What is named comes before the generic `/{kind}` of what is declared.
    for router in (progress.router, hosts.router, declared.router):
        app.include_router(router, prefix=PREFIX)
    return app
