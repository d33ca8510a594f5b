"""Connections at audited ports are told once each, and nothing is read while nobody asks for them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from weft.agent.audited import INTERVAL_S, MOST_TOLD, Audited, Local
from weft.agent.conntrack import Tracked, tracked_in
from weft.client import HeartbeatTold, ServerUnreachable

ZONES = {"web": 7, "other": 8}


def tracked(source_port: int, zone: int = 7) -> str:
    return (
        f"tcp,orig=(src=10.0.0.2,dst=10.0.0.3,sport={source_port},dport=80),"
        f"reply=(src=10.0.0.3,dst=10.0.0.2,sport=80,dport={source_port}),zone={zone},protoinfo=(state=ESTABLISHED)"
    )


@dataclass
class World:
    """A host, what it tracks, and a server that takes each message once as the real one does."""

    entries: list[str] = field(default_factory=list)
    wanted: Collection[str] = ("web",)
    deaf: bool = False
    forgetful: bool = False
    seconds: float = 0.0
    looked: int = 0
    messages: int = 0
    taken: dict[tuple[str, int], Sequence[Mapping[str, object]]] = field(default_factory=dict)

    def tracked(self) -> Iterator[Tracked]:
        self.looked += 1
        return tracked_in("\n".join(self.entries))

    def report_connections(
        self, host: str, *, run: str, number: int, connections: Sequence[Mapping[str, object]]
    ) -> Collection[str]:
        """`deaf` does not hear; `forgetful` hears, and its answer is lost."""
        assert host == "h1"
        if self.deaf:
            raise ServerUnreachable("https://server", "away")
        self.messages += 1
        self.taken.setdefault((run, number), connections)
        if self.forgetful:
            raise ServerUnreachable("https://server", "no answer")
        return self.wanted

    @property
    def told(self) -> list[object]:
        """The source ports of what the server took."""
        return [one["source_port"] for message in self.taken.values() for one in message]

    def begun(self) -> Audited:
        """An agent that has not heard yet which ports are wanted."""
        local = Local(tracking=self, zones=lambda: ZONES, clock=lambda: self.seconds)
        agent = Audited("h1", self, local)
        agent.look()
        return agent

    def after(self, agent: Audited, times: int = 1) -> None:
        for _ in range(times):
            self.seconds += INTERVAL_S
            agent.heard(HeartbeatTold(audited=tuple(self.wanted)))
            agent.look()


def test_nothing_is_read_and_nothing_told_while_no_port_is_audited() -> None:
    world = World([tracked(1000)], wanted=())
    world.after(world.begun(), times=3)

    assert (world.looked, world.messages) == (0, 0)


def test_where_nothing_new_is_tracked_nothing_is_told() -> None:
    world = World([tracked(1000)])
    world.after(world.begun(), times=3)

    assert (world.looked, world.messages) == (3, 1)


def test_a_connection_at_an_audited_port_is_told_once_as_the_model_says_it() -> None:
    world = World([tracked(1000), tracked(2000, zone=8)])
    world.after(world.begun(), times=3)

    assert [one for message in world.taken.values() for one in message] == [
        {
            "port": "web",
            "source": "10.0.0.2",
            "destination": "10.0.0.3",
            "protocol": "tcp",
            "value": 80,
            "source_port": 1000,
        }
    ]


def test_between_two_looks_nothing_is_asked() -> None:
    world = World([tracked(1000)])
    agent = world.begun()
    world.after(agent)
    world.entries.append(tracked(2000))
    world.seconds += INTERVAL_S / 2
    agent.look()

    assert world.told == [1000]


def test_a_connection_that_begins_anew_after_it_ended_is_told_again() -> None:
    world = World([tracked(1000)])
    agent = world.begun()
    world.after(agent)
    world.entries = []
    world.after(agent)
    world.entries = [tracked(1000)]
    world.after(agent)

    assert world.told == [1000, 1000]


def test_what_the_server_did_not_hear_is_told_again_and_counted_once() -> None:
    world = World([tracked(1000)])
    agent = world.begun()
    for trouble in ("deaf", "forgetful"):
        setattr(world, trouble, True)
        world.after(agent)
        setattr(world, trouble, False)
    world.after(agent, times=2)

    assert world.told == [1000]


def test_a_flood_is_told_in_pieces() -> None:
    world = World([tracked(port) for port in range(1, MOST_TOLD + 11)])
    agent = world.begun()
    world.after(agent, times=3)

    assert [len(message) for message in world.taken.values()] == [MOST_TOLD, 10]
    assert sorted(map(int, map(str, world.told))) == list(range(1, MOST_TOLD + 11))


def test_when_the_last_audit_ends_reading_ends() -> None:
    world = World([tracked(1000)])
    agent = world.begun()
    world.after(agent)
    world.wanted = ()
    world.after(agent)
    looked = world.looked
    world.after(agent, times=3)

    assert world.looked == looked
