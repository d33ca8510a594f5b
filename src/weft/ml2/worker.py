"""The worker: works the journal off, brings states back, compares now and then. Restarted, it goes on.

It keeps nothing that it could not read again. Weft being away is no error: it waits, and tells all then.
"""

import threading
import time
from collections.abc import Callable

from neutron_lib.plugins import constants, directory
from oslo_log import log as logging

from weft.client import ClientError, ServerUnreachable
from weft.ml2 import hosts, journal, statuses
from weft.ml2.lead import Lead
from weft.ml2.read import Neutron
from weft.ml2.settings import Settings
from weft.ml2.sweep import differences
from weft.ml2.telling import Teller
from weft.ml2.weft_side import Weft

LOG = logging.getLogger(__name__)

_AWAY_S = 1.0


class Worker:
    """For one thread, until it is told to stop."""

    def __init__(self, settings: Settings, neutron: Neutron, weft: Weft, name: str) -> None:
        """`name` tells this worker from others."""
        self._settings = settings
        self._neutron = neutron
        self._weft = weft
        self._lead = Lead(name, settings.takeover_s)
        self._teller = Teller(neutron, weft, time.monotonic)
        self._due = {self._read_back: 0.0, self._compare: 0.0}
        self._away = False
        self.stopping = threading.Event()

    def run(self) -> None:
        """Until `stopping` is set."""
        while not self.stopping.is_set():
            self.stopping.wait(self._turn())

    def _turn(self) -> float:
        """One look; how long to pause."""
        try:
            if not self._lead.holds(self._neutron.context()):
                return self._settings.takeover_s / 4
            self._on_time(self._read_back, self._settings.status_s)
            told = self._teller.turn()
            self._on_time(self._compare, self._settings.sweep_s)
        except ServerUnreachable as error:
            if not self._away:
                LOG.warning("Weft is away, and hears everything when it is back: %s", error)
            self._away = True
            return _AWAY_S
        except ClientError as error:
            LOG.warning("Weft answers what this driver does not understand: %s", error)
            return _AWAY_S
        except Exception:
            LOG.exception("this turn failed; the next one begins anew")
            return _AWAY_S
        if self._away:
            LOG.info("Weft is back")
        self._away = False
        return 0 if told else self._settings.journal_s

    def _on_time(self, task: Callable[[], None], every_s: float) -> None:
        if time.monotonic() >= self._due[task]:
            task()
            self._due[task] = time.monotonic() + every_s

    def _read_back(self) -> None:
        context = self._neutron.context()
        hosts.keep(context, self._weft.hosts())
        statuses.bring_back(context, self._weft.held("ports"))
        if directory.get_plugin(constants.L3) is not None:
            statuses.bring_back_routing(
                context, [*self._weft.held("routers"), *self._weft.held("floating_ips")]
            )

    def _compare(self) -> None:
        found = differences(self._neutron.everything(), self._weft.held())
        if found:
            LOG.warning("%d objects differ and are told again", len(found))
            journal.note_all(self._neutron.context(), [(one.noun, one.object_id) for one in found])
