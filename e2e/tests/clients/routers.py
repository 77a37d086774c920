"""Routers with their NATs, and addresses, through google-cloud-compute."""

from google.api_core.exceptions import NotFound
from google.cloud import compute_v1

from network import NETWORK
from place import CLIENT, GLOBALLY, PROJECT, REGION, REGIONALLY, refused, wait

routers = compute_v1.RoutersClient(**CLIENT)
addresses = compute_v1.AddressesClient(**CLIENT)
global_addresses = compute_v1.GlobalAddressesClient(**CLIENT)

ROUTER = {**REGIONALLY, "router": "r"}
RANGES = "LIST_OF_SUBNETWORKS"


def nat(name, subnetwork, **fields):
    """A NAT for all ranges of one subnetwork."""
    of = compute_v1.RouterNatSubnetworkToNat(
        name=f"projects/{PROJECT}/regions/{REGION}/subnetworks/{subnetwork}",
        source_ip_ranges_to_nat=["ALL_IP_RANGES"],
    )
    return compute_v1.RouterNat(
        name=name, source_subnetwork_ip_ranges_to_nat=RANGES, subnetworks=[of], **fields
    )


def routers_live():
    first = nat("first", "s", nat_ip_allocate_option="AUTO_ONLY")
    router = compute_v1.Router(name="r", network=NETWORK, nats=[first])
    wait(routers.insert(**REGIONALLY, router_resource=router))
    made = routers.get(**ROUTER)
    assert [(it.name, it.type_) for it in made.nats] == [("first", "PUBLIC")], made

    address = f"projects/{PROJECT}/regions/{REGION}/addresses/a"
    second = nat("second", "t", nat_ip_allocate_option="MANUAL_ONLY", nat_ips=[address])
    change = compute_v1.Router(nats=[*made.nats, second])
    wait(routers.patch(**ROUTER, router_resource=change))
    used = addresses.get(**REGIONALLY, address="a")
    assert used.status == "IN_USE" and used.users[0].endswith("/routers/r"), used
    listed = {it.name: [nat.name for nat in it.nats] for it in routers.list(**REGIONALLY)}
    assert listed == {"r": ["first", "second"]}, listed

    whole = routers.get(**ROUTER)
    whole.description = "ours"
    del whole.nats[1]
    wait(routers.update(**ROUTER, router_resource=whole))
    found = dict(routers.aggregated_list(**GLOBALLY))[f"regions/{REGION}"].routers
    assert [(it.description, len(it.nats)) for it in found] == [("ours", 1)], found
    assert addresses.get(**REGIONALLY, address="a").status == "RESERVED"
    wait(routers.delete(**ROUTER))
    with refused(NotFound):
        routers.get(**ROUTER)


def address_lives(client, place, set_labels, request):
    """An address is made, labelled and listed; the caller removes it."""
    name = {**place, "address": "a"}
    wait(client.insert(**place, address_resource=compute_v1.Address(name="a")))
    made = client.get(**name)
    assert (made.status, made.address_type) == ("RESERVED", "EXTERNAL") and made.address, made
    labels = request(label_fingerprint=made.label_fingerprint, labels={"team": "payments"})
    # The answer may be done already, and is waited for all the same.
    wait(client.set_labels(**place, resource="a", **{set_labels: labels}))
    assert [dict(it.labels) for it in client.list(**place)] == [{"team": "payments"}]


def live():
    address_lives(
        addresses,
        REGIONALLY,
        "region_set_labels_request_resource",
        compute_v1.RegionSetLabelsRequest,
    )
    address_lives(
        global_addresses,
        GLOBALLY,
        "global_set_labels_request_resource",
        compute_v1.GlobalSetLabelsRequest,
    )
    found = dict(addresses.aggregated_list(**GLOBALLY))
    assert [len(found[it].addresses) for it in ("global", f"regions/{REGION}")] == [1, 1], found
    routers_live()
    wait(addresses.delete(**REGIONALLY, address="a"))
    wait(global_addresses.delete(**GLOBALLY, address="a"))
    with refused(NotFound):
        addresses.get(**REGIONALLY, address="a")
    print("routers: done")
