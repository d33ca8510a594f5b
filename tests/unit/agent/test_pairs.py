import asyncio

import pytest

from weft.agent.attachment import Lease
from weft.agent.docker.pairs import Pairs


def lease(port_id: str) -> Lease:
    return Lease(
        port_id=port_id,
        network_id="n1",
        network="web",
        project="default",
        mac="02:00:00:00:00:01",
        mtu=1400,
        prefixes=("10.0.0.2/24", "fd00::2/64"),
    )


async def give(port_id: str) -> Lease:
    return lease(port_id)


async def refuse() -> Lease:
    raise LookupError


def test_the_next_container_waits_for_the_second_question_of_the_one_before() -> None:
    async def claim() -> None:
        pairs = Pairs()
        await pairs.first("n1", lambda: give("a"))
        waiting = asyncio.ensure_future(pairs.first("n1", lambda: give("b")))
        await asyncio.sleep(0)
        assert not waiting.done()

        first = pairs.second("n1")
        await waiting
        second = pairs.second("n1")

        assert (first, second) == (lease("a"), lease("b"))

    asyncio.run(claim())


def test_who_gets_no_address_holds_nobody_up() -> None:
    async def claim() -> None:
        pairs = Pairs()
        with pytest.raises(LookupError):
            await pairs.first("n1", refuse)

        await pairs.first("n1", lambda: give("b"))

        assert pairs.second("n1") == lease("b")

    asyncio.run(claim())


def test_networks_do_not_wait_for_each_other_and_an_unasked_second_has_no_answer() -> None:
    async def claim() -> None:
        pairs = Pairs()
        await pairs.first("n1", lambda: give("a"))
        await pairs.first("n2", lambda: give("b"))

        assert pairs.second("n2") == lease("b")
        assert pairs.second("n3") is None

    asyncio.run(claim())
