"""A small Weft API in memory: objects, names, revisions, cursors, problem documents and receipts."""

import json
from typing import Any
from urllib.parse import unquote
from uuid import NAMESPACE_OID, uuid5

import httpx

Object = dict[str, Any]

_EMPTY_LISTS = ("fixed_ips", "groups", "members", "rules", "subnets", "cidrs")

_MOMENT = {"revision": 12, "at": "2026-11-27T21:00:07Z", "author": "ann"}
_NO_REACH = {"opened": {}, "closed": {}, "shifts": [], "left_out": 0, "sentences": []}


class FakeApi:
    """Answers as the server does for what the command line asks; `requests` is what it was asked."""

    def __init__(self, *, page: int = 2) -> None:
        self.objects: dict[str, list[Object]] = {}
        self.revision = 0
        self.enforced = True
        self.requests: list[tuple[str, str, Object]] = []
        self.answers: dict[str, Object] = {
            "explain": {"verdicts": [], "remedies": []},
            "trace": {"traces": [], "left_out": 0},
            "policies/hits": {"precision_s": 10, "silent": [], "rules": []},
            "networks/hits": {"precision_s": 10, "silent": [], "defaults": []},
            "description": {"revision": 0, "text": "projects: []\n"},
            "reach": {"moment": _MOMENT, "sentences": [], "left_out": 0},
            "diff": {"old": _MOMENT, "new": _MOMENT, "objects": [], "reachability": _NO_REACH},
            "since": {"sentences": [], "objects": []},
            "versions": {"items": [], "kept_from": None},
            "lint": {"items": []},
            "hits": {"precision_s": 10, "silent": [], "rules": []},
            "hits/unused": {"since": "2026-11-27T21:00:07Z", "known_since": None, "rules": []},
            "drops": {
                "items": [],
                "next_cursor": None,
                "since": "2026-11-27T21:00:07Z",
                "forgotten": 0,
                "unlogged": 0,
                "gaps": [],
                "silent": [],
                "unwatched": [],
            },
            "revert": {"revision": 12, "reverted": 11, "objects": []},
        }
        """What is answered to paths that have no objects behind them."""
        self._page = page

    def __call__(self, request: httpx.Request) -> httpx.Response:
        parts = [unquote(part) for part in request.url.raw_path.decode().split("?")[0].split("/")[3:]]
        body = json.loads(request.content) if request.content else {}
        self.requests.append((request.method, "/".join(parts), body))
        if request.headers.get("authorization") != "Bearer good":
            return _problem(401, "unauthenticated", "this token is unknown or expired")
        told = self._told(parts)
        if told is not None:
            return told
        if len(parts) == 1:
            return self._collection(request, parts[0], body)
        found = next((o for o in self.objects.get(parts[0], []) if parts[1] in (o["id"], o["name"])), None)
        if found is None:
            return _problem(404, "not_found", f"no {parts[0]} {parts[1]!r} that you may see")
        return (
            self._retire(found, body) if parts[2:] == ["retire"] else self._one(request, parts, found, body)
        )

    def _retire(self, host: Object, body: Object) -> httpx.Response:
        if host["status"]["alive"] and not body["force"]:
            return _problem(409, "conflict", f"host {host['name']} is alive")
        self.objects["hosts"].remove(host)
        freed = {"host": host["name"], "removed_ports": 3, "unbound_ports": 1}
        return httpx.Response(200, json=freed, headers={"Weft-Revision": str(self.revision)})

    def _told(self, parts: list[str]) -> httpx.Response | None:
        """The answer to what has no objects behind it."""
        if parts[0] == "receipts":
            return self._receipt(int(parts[1]))
        if parts[0] in ("changes", "session"):
            who = {"name": "ann", "role": "admin", "project": None}
            return httpx.Response(200, json={"items": [], "revision": self.revision, **who})
        known = next((key for key in ("/".join(parts), parts[0]) if key in self.answers), None)
        return None if known is None else httpx.Response(200, json=self.answers[known])

    def add(self, kind: str, /, **fields: Any) -> Object:  # noqa: ANN401 - what a body holds
        self.revision += 1
        made: Object = {"id": str(uuid5(NAMESPACE_OID, f"{kind}{self.revision}")), "name": "new"}
        made |= {"project": "default", "revision": self.revision} | {name: [] for name in _EMPTY_LISTS}
        made |= {"labels": {}} | fields
        if kind == "ports":
            made.setdefault("status", {"state": "down", "reason": "", "host": None, "since": None})
            made.setdefault("mac", "02:00:00:00:00:01")
        if kind == "hosts":
            made.setdefault("status", {"alive": True})
        if kind == "routers":
            made["networks"] = [{"id": name, "name": name} for name in fields.get("networks", [])]
        self.objects.setdefault(kind, []).append(made)
        return made

    def _collection(self, request: httpx.Request, kind: str, body: Object) -> httpx.Response:
        items = self.objects.get(kind, [])
        if request.method == "POST":
            if kind == "join-tokens":
                made = {"token": "t", "expires_at": "soon", "command": "weft-agent join"}
                return httpx.Response(201, json=made)
            if any(item["name"] == body.get("name") for item in items):
                text = f"project default already has one named {body['name']!r}; choose another name"
                return _problem(409, "name_taken", text, field="name")
            return self._changed(201, self.add(kind, **body))
        for name in ("network", "host"):
            if name in request.url.params:
                items = [item for item in items if item.get(name) == request.url.params[name]]
        start = int(request.url.params.get("cursor", 0))
        end = start + self._page
        following = str(end) if end < len(items) else None
        return httpx.Response(200, json={"items": items[start:end], "next_cursor": following})

    def _one(self, request: httpx.Request, parts: list[str], found: Object, body: Object) -> httpx.Response:
        if len(parts) > 2:
            return self._part(request.method, parts, found, body)
        if request.method == "GET":
            return httpx.Response(200, json=found)
        match = request.headers.get("if-match")
        if match not in (None, f'"{found["revision"]}"'):
            return _problem(412, "stale_revision", "it changed since you read it")
        self.revision += 1
        if request.method == "DELETE":
            self.objects[parts[0]].remove(found)
            return self._changed(204, None)
        found |= body | {"revision": self.revision}
        return self._changed(200, found)

    def _part(self, method: str, parts: list[str], found: Object, body: Object) -> httpx.Response:
        if parts[2] == "hits":
            return httpx.Response(200, json=self.answers[f"{parts[0]}/hits"])
        if parts[2] != "rules":
            return httpx.Response(200, json={"items": self.objects.get(parts[2], [])})
        self.revision += 1
        rules: list[Object] = list(found["rules"])
        if method == "DELETE":
            found["rules"] = [rule for rule in rules if rule["id"] != parts[3]]
            return self._changed(204, None)
        rules.insert(body.get("index", len(rules)), {"id": f"rule-{self.revision}", **body["rule"]})
        found["rules"] = rules
        return self._changed(201, found)

    def _changed(self, status: int, body: Object | None) -> httpx.Response:
        headers = {"Weft-Revision": str(self.revision)}
        if body is None:
            return httpx.Response(status, headers=headers)
        return httpx.Response(status, headers=headers, json=body)

    def _receipt(self, revision: int) -> httpx.Response:
        if not 0 < revision <= self.revision:
            return _problem(404, "not_found", f"no revision '{revision}' that you may see")
        waiting = [] if self.enforced else ["host2"]
        body = {
            "revision": revision,
            "committed_at": "2025-01-01T00:00:00Z",
            "applied": True,
            "applied_after_ms": 5,
            "enforced": self.enforced,
            "enforced_after_ms": 37 if self.enforced else None,
            "hosts": {"total": 2, "done": 2 - len(waiting), "waiting": waiting},
            "problems": [],
            "a_field_of_a_newer_server": True,
        }
        return httpx.Response(200, json=body)


def _problem(status: int, code: str, detail: str, field: str | None = None) -> httpx.Response:
    body = {"type": f"urn:weft:{code}", "title": code, "status": status, "detail": detail, "code": code}
    body |= {} if field is None else {"field": field}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json"})
