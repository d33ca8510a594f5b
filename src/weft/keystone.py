"""Whose a token of Keystone's is: Keystone is asked, and its answer is kept for a moment.

A token may be validated with itself (Keystone's Identity API v3, "Validate and show information for token"),
so Weft needs no credentials in Keystone.
"""

import hashlib
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from weft.model.errors import Forbidden, Invalid, Unauthenticated, Unavailable
from weft.model.ids import ProjectId
from weft.store.tokens import Caller, Role

KEPT = timedelta(seconds=60)
"""How long an answer is good for: a token that Keystone revokes ends this much later at the latest."""

_TIMEOUT_S = 5.0
_SILENCE = timedelta(seconds=5)
_MOST_ASKED_AT_ONCE = 8
_MOST_KEPT = 10_000
_REACH = (Role.ADMIN, Role.MEMBER, Role.VIEWER)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer: None is that Keystone does not know the token, an error why it opens nothing here."""

    who: Caller | Forbidden | Unauthenticated | None
    until: datetime


class Keystone:
    """One Keystone. May be asked from several threads.

    While it is away everybody is told so at once, and it is asked again every five seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        roles: Mapping[str, Role],
        known: Callable[[ProjectId], bool],
        now: Callable[[], datetime],
        tls: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`url` ends in /v3. `roles` are Keystone's by name; `known` says which projects there are.

        Without `tls` the system's CAs are trusted. `transport` replaces the network in tests.
        """
        self._url = f"{url.rstrip('/')}/auth/tokens"
        self._roles, self._known, self._now = roles, known, now
        verify = True if tls is None else tls
        self._http = httpx.Client(timeout=_TIMEOUT_S, verify=verify, transport=transport, trust_env=False)
        self._asking = threading.BoundedSemaphore(_MOST_ASKED_AT_ONCE)
        self._lock = threading.Lock()
        self._answers: OrderedDict[bytes, _Kept] = OrderedDict()
        self._away: datetime | None = None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def caller_of(self, token: str) -> Caller | None:
        """Whose token this is, or None if Keystone does not know it.

        Raises Unauthenticated or Forbidden, which say why a token that Keystone knows opens nothing here, and
        Unavailable when Keystone does not answer.
        """
        if not token.isascii() or not token.isprintable():
            return None
        key = hashlib.sha256(token.encode()).digest()
        kept = self._kept(key)
        if kept is None:
            kept = self._asked(token)
            self._keep(key, kept)
        who = kept.who
        if isinstance(who, Forbidden | Unauthenticated):
            raise type(who)(who.message)
        if who is not None and who.project_id is not None and not self._known(who.project_id):
            raise Forbidden(
                f"Keystone's project {who.project_id} is not in Weft; a project comes with its first network"
            )
        return who

    def _kept(self, key: bytes) -> _Kept | None:
        with self._lock:
            kept = self._answers.get(key)
        return kept if kept is not None and self._now() < kept.until else None

    def _keep(self, key: bytes, kept: _Kept) -> None:
        with self._lock:
            self._answers[key] = kept
            self._answers.move_to_end(key)
            while len(self._answers) > _MOST_KEPT:
                self._answers.popitem(last=False)

    def _asked(self, token: str) -> _Kept:
        if self._away is not None and self._now() < self._away:
            raise Unavailable("Keystone did not answer a moment ago, so nobody knows whose token this is")
        if not self._asking.acquire(blocking=False):
            raise Unavailable("Keystone is being asked about many tokens; ask again in a moment")
        try:
            said = self._http.get(self._url, headers={"X-Auth-Token": token, "X-Subject-Token": token})
        except httpx.HTTPError as error:
            self._away = self._now() + _SILENCE
            raise Unavailable(
                f"whose token this is only Keystone knows, and {self._url} does not answer "
                f"({type(error).__name__}); ask again, or use a token of Weft's own"
            ) from error
        finally:
            self._asking.release()
        self._away = None
        soon = self._now() + KEPT
        if said.status_code in (401, 403, 404):
            return _Kept(None, soon)
        if said.status_code != 200:
            raise Unavailable(f"Keystone answered {said.status_code} when it was asked whose token this is")
        try:
            token_said = said.json()["token"]
            until = min(soon, datetime.fromisoformat(token_said["expires_at"]))
            return _Kept(who_is(token_said, self._roles), until)
        except (Forbidden, Unauthenticated) as error:
            return _Kept(error, until)
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(
                f"{self._url} answers, and not as Keystone does; look at keystone_url"
            ) from error


def trusting(ca: Path) -> ssl.SSLContext:
    """TLS that trusts this CA (PEM) alone. Raises Invalid if it cannot be read."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise Invalid(f"keystone_ca_file {ca} cannot be read: {error}", field="keystone_ca_file") from error


def who_is(said: Mapping[str, Any], roles: Mapping[str, Role]) -> Caller:
    """The caller that `token` of Keystone's answer makes in Weft. Pure.

    The widest of the roles counts. An administrator's reaches everywhere, whatever project the token is for.
    Raises Unauthenticated, Forbidden; KeyError and ValueError where this is no answer of Keystone's.
    """
    user = said["user"]
    # A slash is in no name of a token of Weft's own: nobody is taken for somebody else.
    name = f"keystone/{user['domain']['name']}/{user['name']}"
    held = [str(one["name"]) for one in said.get("roles") or ()]
    reach = next((role for role in _REACH if role in {roles.get(one) for one in held}), None)
    if reach is Role.ADMIN:
        return Caller(role=Role.ADMIN, name=name)
    if "project" not in said:
        raise Unauthenticated("this token of Keystone's is for no project; get one with OS_PROJECT_NAME set")
    if reach is None:
        raise Forbidden(
            f"Keystone gives {user['name']!r:.80} in project {said['project']['name']!r:.80} the roles "
            f"{', '.join(sorted(held)) or 'none'}, and none of them is in keystone_roles"
        )
    return Caller(role=reach, name=name, project_id=ProjectId(UUID(said["project"]["id"])))
