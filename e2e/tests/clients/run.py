"""Cloud Run through google-cloud-run over REST: services with their revisions, jobs, operations."""

from google.api_core.exceptions import NotFound
from google.cloud import run_v2
from google.longrunning import operations_pb2
from google.protobuf import duration_pb2

from place import CLIENT, PARENT, refused

services = run_v2.ServicesClient(transport="rest", **CLIENT)
revisions = run_v2.RevisionsClient(transport="rest", **CLIENT)
jobs = run_v2.JobsClient(transport="rest", **CLIENT)

IMAGE = run_v2.Container(image="shop")
INTERNAL = run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY
SUCCEEDED = run_v2.Condition.State.CONDITION_SUCCEEDED


def services_live():
    service = run_v2.Service(
        ingress=INTERNAL, template=run_v2.RevisionTemplate(containers=[IMAGE])
    )
    creation = services.create_service(parent=PARENT, service=service, service_id="web")
    made = creation.result()
    assert (made.ingress, made.terminal_condition.state) == (INTERNAL, SUCCEEDED), made
    operations_live(creation.operation.name)

    made.ingress = run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL
    made.template.timeout = duration_pb2.Duration(seconds=60)
    services.update_service(service=made).result()
    changed = services.get_service(name=made.name)
    assert changed.ingress == run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL, changed
    assert [it.name for it in services.list_services(parent=PARENT)] == [made.name]
    revisions_live(made.name, made.latest_ready_revision, changed.latest_ready_revision)

    services.delete_service(name=made.name).result()
    with refused(NotFound):
        services.get_service(name=made.name)


def revisions_live(service, old, new):
    listed = {it.name for it in revisions.list_revisions(parent=service)}
    assert listed == {old, new} and old != new, listed
    got = revisions.get_revision(name=new)
    assert got.timeout.seconds == 60 and got.conditions, got
    revisions.delete_revision(name=old).result()
    assert [it.name for it in revisions.list_revisions(parent=service)] == [new]


def operations_live(name):
    waited = services.wait_operation(operations_pb2.WaitOperationRequest(name=name))
    assert waited.done, waited
    assert services.get_operation({"name": name}).name == name
    listed = services.list_operations({"name": PARENT}).operations
    assert name in [it.name for it in listed], listed
    services.delete_operation({"name": name})
    with refused(NotFound):
        services.get_operation({"name": name})


def jobs_live():
    template = run_v2.ExecutionTemplate(template=run_v2.TaskTemplate(containers=[IMAGE]))
    job = run_v2.Job(template=template)
    made = jobs.create_job(parent=PARENT, job=job, job_id="nightly").result()
    assert (made.template.task_count, made.terminal_condition.state) == (1, SUCCEEDED), made
    made.template.task_count = 3
    jobs.update_job(job=made).result()
    assert jobs.get_job(name=made.name).template.task_count == 3
    assert [it.name for it in jobs.list_jobs(parent=PARENT)] == [made.name]
    jobs.delete_job(name=made.name).result()
    with refused(NotFound):
        jobs.get_job(name=made.name)


def live():
    services_live()
    jobs_live()
    print("run: done")
