"""What Keystone calls a project, asked with the credentials that Neutron has for its own."""

from keystoneauth1 import exceptions
from keystoneauth1 import loading as ks_loading
from oslo_config import cfg
from oslo_log import log as logging

LOG = logging.getLogger(__name__)

_GROUP = "keystone_authtoken"


def name_of(project: str) -> str | None:
    """The name of a project; None when Keystone does not tell, or this cloud has none."""
    try:
        ks_loading.register_auth_conf_options(cfg.CONF, _GROUP)
        ks_loading.register_session_conf_options(cfg.CONF, _GROUP)
        auth = ks_loading.load_auth_from_conf_options(cfg.CONF, _GROUP)
        if auth is None:
            return None
        session = ks_loading.load_session_from_conf_options(cfg.CONF, _GROUP, auth=auth)
        where = {"service_type": "identity", "interface": "internal", "version": "3"}
        answer = session.get(f"/projects/{project}", endpoint_filter=where)
        return str(answer.json()["project"]["name"])
    except (exceptions.ClientException, cfg.NoSuchOptError, cfg.DuplicateOptError) as error:
        LOG.info("Keystone does not tell the name of project %s: %s", project, error)
        return None
