"""What Docker publishes (`docker run -p`): Program- and RevokeExternalConnectivity of its plugin protocol.

Docker makes these calls for the endpoint that leads its container out, after Join; `docker ps` shows what is
published for drivers of Docker's own alone.
"""

import asyncio
from dataclasses import dataclass

from weft.agent.docker.endpoints import Endpoints
from weft.agent.docker.messages import Body, ports_asked
from weft.agent.door.publishing import Publishing
from weft.model.errors import Invalid


@dataclass(frozen=True, slots=True)
class Publisher:
    """The plugin's side of both calls. Belongs to one event loop; what blocks is done in threads."""

    endpoints: Endpoints
    publishing: Publishing

    async def program(self, body: Body) -> Body:
        """Publish what the container asks for. Idempotent."""
        asked = ports_asked(body.get("Options") or {})
        if asked:
            endpoint = str(body["EndpointID"])
            lease = self.endpoints.of_endpoint(endpoint)
            if lease is None:
                raise Invalid(
                    f"endpoint {endpoint} is not known to this host's agent; start the container again"
                )
            await asyncio.to_thread(self.publishing.publish, lease, asked)
        return {}

    async def revoke(self, body: Body) -> Body:
        """Take back what is published. Idempotent."""
        lease = self.endpoints.of_endpoint(str(body.get("EndpointID")))
        if lease is not None and lease.published:
            await asyncio.to_thread(self.publishing.take_back, lease)
        return {}
