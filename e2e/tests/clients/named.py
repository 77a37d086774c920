"""Shows each thing that is named on the command line, as KIND=ID, in the words of a plan."""

import sys

from google.cloud import compute_v1, run_v2, vpcaccess_v1

from place import CLIENT

networks = compute_v1.NetworksClient(**CLIENT)
subnetworks = compute_v1.SubnetworksClient(**CLIENT)
addresses = compute_v1.AddressesClient(**CLIENT)
routers = compute_v1.RoutersClient(**CLIENT)
connectors = vpcaccess_v1.VpcAccessServiceClient(transport="rest", **CLIENT)
services = run_v2.ServicesClient(transport="rest", **CLIENT)


def show(kind, path, part):
    """What Google's client says of the thing: where it is or, of a service, what was set."""
    words = path.split("/")
    project, region, name = words[1], words[3], words[-1]
    match kind:
        case "Network":
            return networks.get(project=project, network=name).self_link
        case "Subnetwork":
            return subnetworks.get(project=project, region=region, subnetwork=name).self_link
        case "Address":
            return addresses.get(project=project, region=region, address=name).self_link
        case "Router":
            return routers.get(project=project, region=region, router=name).self_link
        case "Nat":
            nats = routers.get(project=project, region=region, router=name).nats
            return next(nat.name for nat in nats if part.endswith(f"/{nat.name}"))
        case "Connector":
            return connectors.get_connector(name=path).name
        case "ServiceEgress":
            return services.get_service(name=path).template.vpc_access.egress.name
        case "ServiceIngress":
            return services.get_service(name=path).ingress.name
    raise AssertionError(f"how is a {kind} shown?")


for word in sys.argv[1:]:
    kind, thing = word.split("=", 1)
    path, _, part = thing.partition("#")
    print(thing, show(kind, path, part))
