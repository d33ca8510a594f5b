from dataclasses import replace

from tests.fakes.runtime import WEB, FakeServer

from weft.agent.served import ServedNetworks

LAB = replace(WEB, id="22222222-2222-4222-8222-222222222222", project="lab")


def test_a_network_is_known_by_its_id_its_name_and_its_project_and_name_once_it_was_heard_of() -> None:
    served = ServedNetworks(FakeServer(), "h1")
    assert [served.id_of(one) for one in (WEB.id, "web")] == [WEB.id, ""], "an id needs no server"

    served.refresh()

    assert {served.id_of(one) for one in (WEB.id, "web", "default.web")} == {WEB.id}
    assert served.id_of("nowhere") == ""


def test_a_name_that_several_projects_have_means_none_of_them() -> None:
    served = ServedNetworks(FakeServer(made=(LAB,)), "h1")
    served.refresh()

    assert served.id_of("web") == ""
    assert served.id_of("lab.web") == LAB.id


def test_a_name_goes_on_meaning_the_network_that_it_meant_as_long_as_that_is_there() -> None:
    server = FakeServer()
    served = ServedNetworks(server, "h1")
    served.refresh()
    assert served.id_of("web") == WEB.id

    server.network, server.made = replace(WEB, name="old"), (LAB,)
    served.refresh()
    assert served.id_of("web") == WEB.id

    server.network, server.made = LAB, ()
    served.refresh()
    assert served.id_of("web") == LAB.id
