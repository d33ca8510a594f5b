"""What ping prints, as a time."""

import pytest
from bench.flows import median_echo

PRINTED = """\
PING 10.90.0.6 (10.90.0.6) 56(84) bytes of data.
64 bytes from 10.90.0.6: icmp_seq=1 ttl=64 time=12.4 ms
64 bytes from 10.90.0.6: icmp_seq=2 ttl=64 time=0.512 ms
64 bytes from 10.90.0.6: icmp_seq=4 ttl=64 time=1.02 ms

--- 10.90.0.6 ping statistics ---
4 packets transmitted, 3 received, 25% packet loss, time 1004ms
rtt min/avg/max/mdev = 0.512/4.644/12.400/5.488 ms
"""


def test_the_round_trip_is_the_median_of_what_came_back_in_seconds() -> None:
    assert median_echo(PRINTED) == pytest.approx(0.00102)


def test_a_ping_without_answers_has_no_round_trip() -> None:
    with pytest.raises(ValueError, match="ping told no times"):
        median_echo("PING 10.90.0.6 (10.90.0.6) 56(84) bytes of data.\n")
