"""What the agent shows to the server: the host's token and certificate."""

from weft.client import Client, Identity
from weft.model.errors import Invalid
from weft.settings import AgentSettings

ANSWER_S = 3.0
"""The server's time to answer: Docker is told within five seconds."""


def agent_client(settings: AgentSettings) -> Client:
    """The server, with this host's credentials. Raises Invalid when these cannot be read."""
    return Client(
        settings.server_url,
        token=_token(settings),
        ca=settings.ca_file,
        identity=identity_of(settings),
        timeout_s=ANSWER_S,
    )


def identity_of(settings: AgentSettings) -> Identity | None:
    """The host's certificate and its key, if it has one."""
    if settings.certificate_file is None or settings.key_file is None:
        return None
    return Identity(settings.certificate_file, settings.key_file)


def _token(settings: AgentSettings) -> str:
    if settings.token is not None:
        return settings.token.get_secret_value()
    try:
        return settings.token_file.read_text().strip()
    except OSError as error:
        raise Invalid(
            f"the host's token cannot be read from {settings.token_file} ({error.strerror}); "
            "join the host first: weft host join",
            field="token_file",
        ) from error
