"""Networks, subnetworks, routes and firewalls through google-cloud-compute."""

from google.api_core.exceptions import Conflict, NotFound
from google.cloud import compute_v1

from place import CLIENT, GLOBALLY, PROJECT, REGION, REGIONALLY, discovered
from place import global_operations, refused, region_operations, wait

networks = compute_v1.NetworksClient(**CLIENT)
subnetworks = compute_v1.SubnetworksClient(**CLIENT)
routes = compute_v1.RoutesClient(**CLIENT)
firewalls = compute_v1.FirewallsClient(**CLIENT)

NETWORK = f"projects/{PROJECT}/global/networks/n"


def make():
    network = compute_v1.Network(name="n", auto_create_subnetworks=False)
    done = wait(networks.insert(**GLOBALLY, network_resource=network))
    assert done.target_link.endswith(NETWORK), done
    with refused(Conflict):
        networks.insert(**GLOBALLY, network_resource=network)
    make_subnetwork("s", "10.8.0.0/28")


def make_subnetwork(name, ip_range):
    subnetwork = compute_v1.Subnetwork(name=name, network=NETWORK, ip_cidr_range=ip_range)
    wait(subnetworks.insert(**REGIONALLY, subnetwork_resource=subnetwork))


def networks_live():
    routing = compute_v1.NetworkRoutingConfig(routing_mode="GLOBAL")
    change = compute_v1.Network(routing_config=routing)
    wait(networks.patch(**GLOBALLY, network="n", network_resource=change))
    changed = networks.get(**GLOBALLY, network="n")
    assert changed.routing_config.routing_mode == "GLOBAL", changed
    assert changed.subnetworks[0].endswith("/subnetworks/s"), changed
    automatic = compute_v1.Network(name="auto", auto_create_subnetworks=True)
    wait(networks.insert(**GLOBALLY, network_resource=automatic))
    wait(networks.switch_to_custom_mode(**GLOBALLY, network="auto"))
    found = {it.name: it.auto_create_subnetworks for it in networks.list(**GLOBALLY)}
    assert found == {"auto": False, "n": False}, found
    remove_all_of("auto")


def remove_all_of(network):
    """Deletes a network, and before that its subnetworks in all regions, which are under way at once."""
    begun = []
    for place, scoped in subnetworks.aggregated_list(**GLOBALLY):
        region = place.removeprefix("regions/")
        for subnetwork in scoped.subnetworks:
            if subnetwork.network.endswith(f"/{network}"):
                name = {"region": region, "subnetwork": subnetwork.name}
                begun.append(subnetworks.delete(project=PROJECT, **name))
    for operation in begun:
        wait(operation)
    wait(networks.delete(**GLOBALLY, network=network))


def subnetworks_live():
    name = {**REGIONALLY, "subnetwork": "s"}
    access = compute_v1.SubnetworksSetPrivateIpGoogleAccessRequest(private_ip_google_access=True)
    wait(
        subnetworks.set_private_ip_google_access(
            **name, subnetworks_set_private_ip_google_access_request_resource=access
        )
    )
    range_ = compute_v1.SubnetworksExpandIpCidrRangeRequest(ip_cidr_range="10.8.0.0/27")
    wait(
        subnetworks.expand_ip_cidr_range(
            **name, subnetworks_expand_ip_cidr_range_request_resource=range_
        )
    )
    grown = subnetworks.get(**name)
    assert (grown.private_ip_google_access, grown.ip_cidr_range) == (True, "10.8.0.0/27"), grown
    logs = compute_v1.SubnetworkLogConfig(enable=True)
    change = compute_v1.Subnetwork(fingerprint=grown.fingerprint, log_config=logs)
    wait(subnetworks.patch(**name, subnetwork_resource=change))
    assert [it.log_config.enable for it in subnetworks.list(**REGIONALLY)] == [True]
    found = dict(subnetworks.aggregated_list(**GLOBALLY))[f"regions/{REGION}"]
    assert [it.name for it in found.subnetworks] == ["s"], found


def routes_live():
    gateway = f"projects/{PROJECT}/global/gateways/default-internet-gateway"
    route = compute_v1.Route(
        name="r", network=NETWORK, dest_range="192.0.2.0/24", next_hop_gateway=gateway
    )
    wait(routes.insert(**GLOBALLY, route_resource=route))
    assert routes.get(**GLOBALLY, route="r").priority == 1000
    assert "r" in [it.name for it in routes.list(**GLOBALLY)]
    wait(routes.delete(**GLOBALLY, route="r"))
    with refused(NotFound):
        routes.get(**GLOBALLY, route="r")


def firewalls_live():
    name = {**GLOBALLY, "firewall": "f"}
    allowed = compute_v1.Allowed(I_p_protocol="tcp", ports=["80"])
    firewall = compute_v1.Firewall(
        name="f", network=NETWORK, allowed=[allowed], source_ranges=["10.0.0.0/8"]
    )
    wait(firewalls.insert(**GLOBALLY, firewall_resource=firewall))
    change = compute_v1.Firewall(priority=900)
    wait(firewalls.patch(**name, firewall_resource=change))
    patched = firewalls.get(**name)
    assert (patched.priority, patched.direction) == (900, "INGRESS"), patched
    patched.allowed[0].ports = ["443"]
    wait(firewalls.update(**name, firewall_resource=patched))
    assert [list(it.allowed[0].ports) for it in firewalls.list(**GLOBALLY)] == [["443"]]
    wait(firewalls.delete(**name))


def operations_live():
    """Operations are made by everything else, and stay for a while."""
    for operations, place in [(global_operations, GLOBALLY), (region_operations, REGIONALLY)]:
        listed = list(operations.list(**place))
        inserted = [it for it in listed if it.operation_type == "insert"]
        got = operations.get(**place, operation=inserted[0].name)
        assert got.target_link == inserted[0].target_link, (got, inserted)
        forget(inserted[0].name, place)
        with refused(NotFound):
            operations.get(**place, operation=inserted[0].name)
    scopes = dict(global_operations.aggregated_list(**GLOBALLY))
    assert all(scopes[it].operations for it in ("global", f"regions/{REGION}")), scopes


def forget(operation, place):
    """By the discovery client: google-cloud-compute wants a body, and Google describes none."""
    compute = discovered("compute", "v1", below="/compute/v1/")
    operations = compute.regionOperations() if "region" in place else compute.globalOperations()
    operations.delete(**place, operation=operation).execute()


def remove():
    remove_all_of("n")
    with refused(NotFound):
        networks.get(**GLOBALLY, network="n")


def live():
    make()
    networks_live()
    subnetworks_live()
    routes_live()
    firewalls_live()
    operations_live()
    remove()
    print("networks: done")
