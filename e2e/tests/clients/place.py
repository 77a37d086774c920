"""Where the emulator is, and what all scripts need to talk to it."""

import contextlib
import os

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1
from googleapiclient import discovery

ENDPOINT = os.environ["GOOGLE_CLOUD_EMULATOR"]
PROJECT = os.environ["GOOGLE_CLOUD_PROJECT"]
REGION = "europe-west1"
PARENT = f"projects/{PROJECT}/locations/{REGION}"
CLIENT = {
    "client_options": ClientOptions(api_endpoint=ENDPOINT),
    "credentials": AnonymousCredentials(),
}
# What names an object of Compute's, beside its own name.
GLOBALLY = {"project": PROJECT}
REGIONALLY = {"project": PROJECT, "region": REGION}

global_operations = compute_v1.GlobalOperationsClient(**CLIENT)
region_operations = compute_v1.RegionOperationsClient(**CLIENT)


def wait(operation):
    """`operation.result()` would ask Google, whatever the client's endpoint is."""
    if operation.region:
        place = {"project": PROJECT, "region": operation.region.rsplit("/", 1)[-1]}
        done = region_operations.wait(**place, operation=operation.name)
    else:
        done = global_operations.wait(**GLOBALLY, operation=operation.name)
    assert done.status == compute_v1.Operation.Status.DONE and not done.error.errors, done
    return done


def discovered(api, version, below=""):
    """The discovery client, which gets its descriptions from its own package, but for where the paths begin."""
    return discovery.build(
        api,
        version,
        static_discovery=True,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"{ENDPOINT}{below}"},
    )


@contextlib.contextmanager
def refused(error):
    """What is within has to be refused so."""
    try:
        yield
    except error:
        return
    raise AssertionError(f"not refused with {error.__name__}")
