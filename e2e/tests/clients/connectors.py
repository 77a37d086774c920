"""Connectors through google-cloud-vpc-access, and through the discovery client what that has no words for."""

from google.api_core.exceptions import NotFound
from google.cloud import vpcaccess_v1

from place import CLIENT, PARENT, discovered, refused

connectors = vpcaccess_v1.VpcAccessServiceClient(transport="rest", **CLIENT)


def live():
    """Needs the subnetwork `s`, a /28."""
    connector = vpcaccess_v1.Connector(
        subnet=vpcaccess_v1.Connector.Subnet(name="s"), min_instances=2, max_instances=3
    )
    creation = connectors.create_connector(
        parent=PARENT, connector_id="c", connector=connector
    )
    made = creation.result()
    assert made.state == vpcaccess_v1.Connector.State.READY, made
    operation = connectors.get_operation({"name": creation.operation.name})
    assert operation.done, operation
    listed = connectors.list_operations({"name": PARENT})
    assert [it.name for it in listed.operations] == [operation.name], listed

    # google-cloud-vpc-access 1.18 cannot change a connector.
    places = discovered("vpcaccess", "v1").projects().locations()
    change = {"name": made.name, "updateMask": "maxInstances", "body": {"maxInstances": 5}}
    begun = places.connectors().patch(**change).execute()
    while not begun.get("done"):
        begun = places.operations().get(name=begun["name"]).execute()
    assert connectors.get_connector(name=made.name).max_instances == 5
    assert [it.name for it in connectors.list_connectors(parent=PARENT)] == [made.name]

    connectors.delete_connector(name=made.name).result()
    with refused(NotFound):
        connectors.get_connector(name=made.name)
    print("connectors: done")
