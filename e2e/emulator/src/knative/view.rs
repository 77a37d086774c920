//! What version 2 keeps, as Knative objects.

use serde_json::{Value, json};

use crate::compute::{name_of, project_of};
use crate::engine::Engine;
use crate::knative::annotations::{self, Annotation};
use crate::knative::{VERSION, put, status, template};

/// The label that says where an object is.
pub(super) const LOCATION: &str = "cloud.googleapis.com/location";

/// A service of version 2 as Knative has it. `path` is where version 2 keeps it.
pub(super) fn service(engine: &Engine, path: &str, service: &Value) -> Value {
    let mut metadata = metadata(engine, path, "services", annotations::SERVICE, service);
    let shown = &mut metadata["annotations"];
    put(
        shown,
        "run.googleapis.com/ingress-status",
        shown["run.googleapis.com/ingress"].clone(),
    );
    put(
        shown,
        "serving.knative.dev/lastModifier",
        service["lastModifier"].clone(),
    );
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
        "apiVersion": VERSION,
        "kind": "Service",
        "metadata": metadata,
        "spec": { "template": template, "traffic": traffic.map(status::traffic).collect::<Value>() },
        "status": status::of_service(engine, service),
    })
}

/// A revision of version 2 as Knative has it.
pub(super) fn revision(engine: &Engine, path: &str, revision: &Value) -> Value {
    let mut metadata = metadata(engine, path, "revisions", annotations::TEMPLATE, revision);
    let service = path.split('/').nth(5).unwrap_or_default();
    let labels = &mut metadata["labels"];
    for owner in ["service", "configuration"] {
        labels[format!("serving.knative.dev/{owner}")] = json!(service);
    }
    metadata["ownerReferences"] = json!([{
        "apiVersion": VERSION, "kind": "Configuration", "name": service, "controller": true,
    }]);
    json!({
        "apiVersion": VERSION,
        "kind": "Revision",
        "metadata": metadata,
        "spec": template::spec(revision),
        "status": status::of_revision(engine, path, revision),
    })
}

fn metadata(
    engine: &Engine,
    path: &str,
    collection: &str,
    table: &[Annotation],
    object: &Value,
) -> Value {
    let (name, namespace) = (name_of(path), engine.project_number(project_of(path)));
    let mut labels = object.get("labels").cloned().unwrap_or_else(|| json!({}));
    labels[LOCATION] = json!(path.split('/').nth(3));
    let mut annotations = annotations::show(table, object);
    put(
        &mut annotations,
        "serving.knative.dev/creator",
        object["creator"].clone(),
    );
    let mut metadata = json!({
        "name": name,
        "namespace": namespace,
        "selfLink": format!("/apis/{VERSION}/namespaces/{namespace}/{collection}/{name}"),
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
