"""What a new cloud has: Neutron's user and endpoints, a project `demo`. Runs in OpenStack's environment."""

import sys

import openstack

if __name__ == "__main__":
    keystone, neutron, password = sys.argv[1:]
    cloud = openstack.connect(
        auth_url=keystone,
        username="admin",
        password=password,
        project_name="admin",
        user_domain_id="default",
        project_domain_id="default",
        identity_api_version="3",
        interface="public",
    )
    identity = cloud.identity
    admin = identity.find_role("admin")
    service = identity.create_project(name="service", domain_id="default")
    demo = identity.create_project(name="demo", domain_id="default")
    user = identity.create_user(
        name="neutron", password=password, domain_id="default", default_project_id=service.id
    )
    identity.assign_project_role_to_user(service, user, admin)
    identity.assign_project_role_to_user(demo, identity.find_user("admin"), admin)
    network = identity.create_service(name="neutron", type="network")
    for interface in ("public", "internal", "admin"):
        identity.create_endpoint(service_id=network.id, interface=interface, url=neutron, region_id="lab")
