//! What version 2 keeps, as Knative objects.

use serde_json::{Value, json};

use crate::compute::{name_of, project_of};
use crate::engine::Engine;
use crate::knative::annotations::{self, Annotation};
use crate::knative::{Object, execution, put, status, template};

/// The label that says where an object is.
pub(super) const LOCATION: &str = "cloud.googleapis.com/location";

/// A service of version 2 as Knative has it. `path` is where version 2 keeps it.
pub(super) fn service(engine: &Engine, path: &str, service: &Value) -> Value {
    let of = Object::Service;
    let mut metadata = metadata(engine, path, of, annotations::SERVICE, service);
    let shown = &mut metadata["annotations"];
    put(
        shown,
        "run.googleapis.com/ingress-status",
        shown["run.googleapis.com/ingress"].clone(),
    );
    put(shown, of.last_modifier(), service["lastModifier"].clone());
    if let Some(urls) = service.get("urls") {
        shown["run.googleapis.com/urls"] = json!(urls.to_string());
    }
    let given = &service["template"];
    let mut about_template = json!({});
    put(&mut about_template, "name", given["revision"].clone());
    put(&mut about_template, "labels", given["labels"].clone());
    put(
        &mut about_template,
        "annotations",
        annotations::show(annotations::TEMPLATE, given),
    );
    let template = json!({ "metadata": about_template, "spec": template::spec(given) });
    let traffic = service["traffic"].as_array().into_iter().flatten();
    json!({
        "apiVersion": of.version(),
        "kind": of.kind(),
        "metadata": metadata,
        "spec": { "template": template, "traffic": traffic.map(status::traffic).collect::<Value>() },
        "status": status::of_service(engine, service),
    })
}

/// A revision of version 2 as Knative has it.
pub(super) fn revision(engine: &Engine, path: &str, revision: &Value) -> Value {
    let of = Object::Revision;
    let mut metadata = metadata(engine, path, of, annotations::TEMPLATE, revision);
    let service = path.split('/').nth(5).unwrap_or_default();
    let labels = &mut metadata["labels"];
    for owner in ["service", "configuration"] {
        labels[format!("serving.knative.dev/{owner}")] = json!(service);
    }
    metadata["ownerReferences"] = json!([{
        "apiVersion": of.version(), "kind": "Configuration", "name": service, "controller": true,
    }]);
    json!({
        "apiVersion": of.version(),
        "kind": of.kind(),
        "metadata": metadata,
        "spec": template::spec(revision),
        "status": status::of_revision(engine, path, revision),
    })
}

/// A job of version 2 in the words of version 1.
pub(super) fn job(engine: &Engine, path: &str, job: &Value) -> Value {
    let of = Object::Job;
    let mut metadata = metadata(engine, path, of, annotations::JOB, job);
    let shown = &mut metadata["annotations"];
    put(shown, of.last_modifier(), job["lastModifier"].clone());
    json!({
        "apiVersion": of.version(),
        "kind": of.kind(),
        "metadata": metadata,
        "spec": execution::spec(job),
        "status": status::of_job(engine, job),
    })
}

/// Reads what the metadata of a body says to the object of version 2 that it stands for, all but its annotations.
pub(super) fn read_metadata(metadata: &Value, object: &mut Value) {
    let mut labels = metadata["labels"].clone();
    if let Some(labels) = labels.as_object_mut() {
        labels.remove(LOCATION);
    }
    put(object, "labels", labels);
    let version = metadata["resourceVersion"].as_str();
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        object["etag"] = json!(format!("\"{version}\""));
    }
}

fn metadata(
    engine: &Engine,
    path: &str,
    of: Object,
    table: &[Annotation],
    object: &Value,
) -> Value {
    let (name, namespace) = (name_of(path), engine.project_number(project_of(path)));
    let mut labels = object.get("labels").cloned().unwrap_or_else(|| json!({}));
    labels[LOCATION] = json!(path.split('/').nth(3));
    let mut annotations = annotations::show(table, object);
    put(&mut annotations, of.creator(), object["creator"].clone());
    let (version, collection) = (of.version(), of.collection());
    let mut metadata = json!({
        "name": name,
        "namespace": namespace,
        "selfLink": format!("/apis/{version}/namespaces/{namespace}/{collection}/{name}"),
        "labels": labels,
        "annotations": annotations,
    });
    put(&mut metadata, "uid", object["uid"].clone());
    put(
        &mut metadata,
        "generation",
        json!(status::number(&object["generation"])),
    );
    put(
        &mut metadata,
        "creationTimestamp",
        object["createTime"].clone(),
    );
    put(
        &mut metadata,
        "deletionTimestamp",
        object["deleteTime"].clone(),
    );
    put(
        &mut metadata,
        "resourceVersion",
        json!(object["etag"].as_str().map(|etag| etag.trim_matches('"'))),
    );
    metadata
}
