"""A network, a subnetwork and a connector through google-cloud-compute and google-cloud-vpc-access."""

import os

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import Conflict, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1, vpcaccess_v1

PROJECT = os.environ["GOOGLE_CLOUD_PROJECT"]
REGION = "europe-west1"
PLACE = {
    "client_options": ClientOptions(api_endpoint=os.environ["GOOGLE_CLOUD_EMULATOR"]),
    "credentials": AnonymousCredentials(),
}

globally = compute_v1.GlobalOperationsClient(**PLACE)
regionally = compute_v1.RegionOperationsClient(**PLACE)
networks = compute_v1.NetworksClient(**PLACE)
subnetworks = compute_v1.SubnetworksClient(**PLACE)
connectors = vpcaccess_v1.VpcAccessServiceClient(transport="rest", **PLACE)


def wait_globally(operation):
    """`operation.result()` would ask Google, whatever the client's endpoint is."""
    done = globally.wait(project=PROJECT, operation=operation.name)
    assert done.status == compute_v1.Operation.Status.DONE and not done.error.errors, done


def wait_regionally(operation):
    done = regionally.wait(project=PROJECT, region=REGION, operation=operation.name)
    assert done.status == compute_v1.Operation.Status.DONE and not done.error.errors, done


network = compute_v1.Network(name="n", auto_create_subnetworks=False)
wait_globally(networks.insert(project=PROJECT, network_resource=network))
try:
    networks.insert(project=PROJECT, network_resource=network)
    raise AssertionError("a second network got the name")
except Conflict:
    pass
subnetwork = compute_v1.Subnetwork(
    name="s", network=f"projects/{PROJECT}/global/networks/n", ip_cidr_range="10.8.0.0/28"
)
wait_regionally(subnetworks.insert(project=PROJECT, region=REGION, subnetwork_resource=subnetwork))
found = dict(subnetworks.aggregated_list(project=PROJECT))[f"regions/{REGION}"]
assert [it.name for it in found.subnetworks] == ["s"], found

parent = f"projects/{PROJECT}/locations/{REGION}"
connector = vpcaccess_v1.Connector(
    subnet=vpcaccess_v1.Connector.Subnet(name="s"), min_instances=2, max_instances=3
)
made = connectors.create_connector(parent=parent, connector_id="c", connector=connector).result()
assert made.state == vpcaccess_v1.Connector.State.READY, made
assert [it.name for it in connectors.list_connectors(parent=parent)] == [made.name]
connectors.delete_connector(name=made.name).result()

wait_regionally(subnetworks.delete(project=PROJECT, region=REGION, subnetwork="s"))
wait_globally(networks.delete(project=PROJECT, network="n"))
try:
    networks.get(project=PROJECT, network="n")
    raise AssertionError("the network is still there")
except NotFound:
    print("network: done")
