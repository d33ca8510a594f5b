"""/tokens: who may ask what. Administrators make and revoke them; only their hashes are stored."""

from fastapi import APIRouter

from weft.api import references
from weft.api.context import Administering
from weft.api.schemas.token import TokenCreate, TokenMade, TokenShown, TokensShown
from weft.store import tokens
from weft.store.tokens import Role

router = APIRouter(prefix="/tokens", tags=["tokens"])


@router.get("")
def list_tokens(asking: Administering) -> TokensShown:
    """The tokens of people and programs, those of hosts and browsers' sessions not included."""
    view = asking.api.view()
    found = tokens.persons(asking.store)
    return TokensShown(items=[TokenShown.from_store(view, token) for token in found])


@router.post("", status_code=201)
def create_token(asking: Administering, body: TokenCreate) -> TokenMade:
    """Make a token; it is shown this once."""
    with asking.write() as tx:
        project = None
        if body.project is not None:
            project = references.project(tx.snapshot, asking.caller, body.project).id
        secret, made = tokens.issue_for_person(
            tx, role=Role(body.role), name=body.name, project_id=project, ttl_s=body.ttl_s
        )
    shown = TokenShown.from_store(asking.api.view(), made)
    return TokenMade(**shown.model_dump(), token=secret)


@router.delete("/{name}", status_code=204)
def revoke_token(asking: Administering, name: str) -> None:
    """Revoke a token; the sessions that were opened with it end, too."""
    with asking.write() as tx:
        tokens.revoke(tx, name=name)
