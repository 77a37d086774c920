"""Cloud Run through google-cloud-run over REST, and through the discovery client: one service's life."""

import os

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import run_v2
from googleapiclient import discovery

ENDPOINT = os.environ["GOOGLE_CLOUD_EMULATOR"]
PARENT = f"projects/{os.environ['GOOGLE_CLOUD_PROJECT']}/locations/europe-west1"

services = run_v2.ServicesClient(
    client_options=ClientOptions(api_endpoint=ENDPOINT),
    credentials=AnonymousCredentials(),
    transport="rest",
)
service = run_v2.Service(
    ingress=run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY,
    template=run_v2.RevisionTemplate(containers=[run_v2.Container(image="shop")]),
)
made = services.create_service(parent=PARENT, service=service, service_id="web").result()
assert made.ingress == run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY, made
assert made.terminal_condition.state == run_v2.Condition.State.CONDITION_SUCCEEDED, made

made.ingress = run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL
services.update_service(service=made).result()
assert services.get_service(name=made.name).ingress == run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL
assert [it.name for it in services.list_services(parent=PARENT)] == [made.name]


def discovered(version):
    """The discovery client, which gets its descriptions from its own package."""
    return discovery.build(
        "run",
        version,
        static_discovery=True,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": ENDPOINT},
    )


second = discovered("v2").projects().locations().services().get(name=made.name).execute()
assert second["ingress"] == "INGRESS_TRAFFIC_ALL", second
first = discovered("v1").projects().locations().services().list(parent=PARENT).execute()
assert first["items"][0]["metadata"]["uid"] == second["uid"], first

services.delete_service(name=made.name).result()
try:
    services.get_service(name=made.name)
    raise AssertionError("the service is still there")
except NotFound:
    print("run: done")
