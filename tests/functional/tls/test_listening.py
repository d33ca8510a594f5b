"""The socket that the server listens on."""

import socket

from weft.api.serving import listening


def test_an_answer_does_not_wait_for_an_acknowledgement() -> None:
    with listening("127.0.0.1:0") as server, socket.create_connection(server.getsockname()):
        connection, _ = server.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
