"""What the tests have in OpenStack: its network, and what they do with it."""

from tests.openstack.cloud import Cloud

from weft.lab.domain import Domain

NET, PREFIX = "DockerSN", "192.168.200.0/24"
NEUTRONS = ("192.168.200.2", "192.168.200.127")
"""What Neutron hands out; the rest is Weft's."""


def let_in(cloud: Cloud, prefix: str = PREFIX, **what: object) -> str:
    """A rule of the project's default security group, for all of `prefix`; its id."""
    group = cloud.find("security_group", "default")["id"]
    rule = cloud.create(
        "security_group_rule", security_group_id=group, direction="ingress", remote_ip_prefix=prefix, **what
    )
    return str(rule["id"])


def reaches(domain: Domain, address: str) -> bool:
    """Over TCP, from inside the machine."""
    status, said = domain.try_run(f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {address} 80")
    return status == 0 and "HTTP/1." in said
