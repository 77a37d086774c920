"""Cloud Run's version 1 through the discovery client: services, revisions and jobs in the shape of Knative."""

import time

from googleapiclient.errors import HttpError

from place import PARENT, PROJECT, discovered, refused

# Without a region in the host's name these are what is in us-central1.
namespace = f"namespaces/{PROJECT}"


def ready(get):
    """What `get` asks for, once it is ready: version 1 has no operations, and clients look again and again."""
    while True:
        found = get.execute()
        status = found.get("status", {})
        conditions = {it["type"]: it["status"] for it in status.get("conditions", [])}
        is_observed = status.get("observedGeneration") == found["metadata"]["generation"]
        if is_observed and set(conditions.values()) == {"True"}:
            return found
        time.sleep(0.05)


def gone(get):
    """Comes back when what `get` asks for is not there any more."""
    with refused(HttpError):
        while True:
            get.execute()
            time.sleep(0.05)


def a_service():
    container = {"image": "shop"}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": PROJECT},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def in_a_namespace():
    namespaces = discovered("run", "v1").namespaces()
    services, revisions = namespaces.services(), namespaces.revisions()
    services.create(parent=namespace, body=a_service()).execute()
    name = f"{namespace}/services/web"
    first = ready(services.get(name=name))
    first["spec"]["template"]["spec"]["timeoutSeconds"] = 60
    services.replaceService(name=name, body=first).execute()
    ready(services.get(name=name))
    second = services.list(parent=namespace).execute()["items"][0]
    assert second["metadata"]["generation"] == first["metadata"]["generation"] + 1, second
    old, new = (it["status"]["latestReadyRevisionName"] for it in (first, second))
    listed = revisions.list(parent=namespace).execute()["items"]
    assert {it["metadata"]["name"] for it in listed} == {old, new}, listed
    got = revisions.get(name=f"{namespace}/revisions/{new}").execute()
    assert got["spec"]["timeoutSeconds"] == 60, got
    revisions.delete(name=f"{namespace}/revisions/{old}").execute()
    services.delete(name=name).execute()
    gone(services.get(name=name))


def in_a_location():
    """The same services by the paths of `projects`, where both versions show one thing."""
    of_v1 = discovered("run", "v1").projects().locations().services()
    of_v2 = discovered("run", "v2").projects().locations().services()
    of_v1.create(parent=PARENT, body=a_service()).execute()
    name = f"{PARENT}/services/web"
    ready(of_v1.get(name=name))
    second = of_v2.get(name=name).execute()
    assert second["ingress"] == "INGRESS_TRAFFIC_ALL", second
    first = of_v1.list(parent=PARENT).execute()["items"][0]
    assert first["metadata"]["uid"] == second["uid"], first
    assert of_v1.getIamPolicy(resource=name).execute()["etag"]
    old = first["status"]["latestReadyRevisionName"]
    first["spec"]["template"]["spec"]["timeoutSeconds"] = 60
    of_v1.replaceService(name=name, body=first).execute()
    ready(of_v1.get(name=name))
    revisions = discovered("run", "v1").projects().locations().revisions()
    assert len(revisions.list(parent=PARENT).execute()["items"]) == 2
    old = f"{PARENT}/revisions/{old}"
    assert revisions.get(name=old).execute()["spec"]["timeoutSeconds"] == 300
    revisions.delete(name=old).execute()
    gone(revisions.get(name=old))
    of_v1.delete(name=name).execute()
    gone(of_v2.get(name=name))


def a_job():
    task = {"containers": [{"image": "batch"}]}
    execution = {"taskCount": 2, "template": {"spec": task}}
    return {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Job",
        "metadata": {"name": "nightly", "namespace": PROJECT},
        "spec": {"template": {"spec": execution}},
    }


def jobs_live():
    jobs = discovered("run", "v1").namespaces().jobs()
    name = f"{namespace}/jobs/nightly"
    jobs.create(parent=namespace, body=a_job()).execute()
    made = ready(jobs.get(name=name))
    made["spec"]["template"]["spec"]["taskCount"] = 3
    jobs.replaceJob(name=name, body=made).execute()
    ready(jobs.get(name=name))
    listed = jobs.list(parent=namespace).execute()["items"]
    assert [it["spec"]["template"]["spec"]["taskCount"] for it in listed] == [3], listed
    jobs.delete(name=name).execute()
    gone(jobs.get(name=name))


def live():
    in_a_namespace()
    jobs_live()
    in_a_location()
    print("knative: done")
