//! A revision's configuration: a template of version 2 against one of Knative, which has most of it in its
//! `spec` and the rest in annotations.

use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::knative::{annotations, put, status};
use crate::refusal::Refusal;

/// Fields of a container that have the same name and shape in both versions.
const SAME: [&str; 8] = [
    "args",
    "command",
    "image",
    "livenessProbe",
    "name",
    "readinessProbe",
    "startupProbe",
    "workingDir",
];

/// Fields of a container that Knative has no words for here: a replace leaves them as they are.
const KEPT: [&str; 4] = ["baseImageUri", "dependsOn", "sourceCode", "volumeMounts"];

const ACCELERATOR: &str = "run.googleapis.com/accelerator";

/// Knative's `spec` of a template, or of a revision, which looks the same.
pub(super) fn spec(template: &Value) -> Value {
    let mut spec = json!({});
    put(
        &mut spec,
        "containerConcurrency",
        template["maxInstanceRequestConcurrency"].clone(),
    );
    put(
        &mut spec,
        "serviceAccountName",
        template["serviceAccount"].clone(),
    );
    let seconds = template["timeout"]
        .as_str()
        .and_then(|time| time.strip_suffix('s')?.parse::<i64>().ok());
    put(&mut spec, "timeoutSeconds", json!(seconds));
    put(&mut spec, "nodeSelector", node_selector(template));
    let containers = template["containers"].as_array().into_iter().flatten();
    put(&mut spec, "containers", containers.map(container).collect());
    spec
}

/// What a template, or a task, of version 2 is to run on, in Knative's words; nothing if it does not say.
pub(super) fn node_selector(of: &Value) -> Value {
    let accelerator = of["nodeSelector"]["accelerator"].as_str();
    accelerator.map_or(Value::Null, |it| json!({ ACCELERATOR: it }))
}

/// The same in version 2's words, of Knative's `spec`.
pub(super) fn read_node_selector(spec: &Value) -> Value {
    let accelerator = spec["nodeSelector"].get(ACCELERATOR);
    accelerator.map_or(Value::Null, |it| json!({ "accelerator": it }))
}

/// A container of version 2 in Knative's words.
pub(super) fn container(of: &Value) -> Value {
    let mut shown = json!({});
    for field in SAME {
        put(&mut shown, field, of[field].clone());
    }
    put(&mut shown, "ports", of["ports"].clone());
    put(&mut shown, "resources", Value::Object(Map::new()));
    if let Some(limits) = of["resources"].get("limits") {
        shown["resources"] = json!({ "limits": limits });
    }
    let variables = of["env"].as_array().into_iter().flatten().map(|variable| {
        let mut shown = json!({ "name": variable["name"] });
        put(&mut shown, "value", variable["value"].clone());
        let secret = &variable["valueSource"]["secretKeyRef"];
        if secret.is_object() {
            let secret = json!({ "name": secret["secret"], "key": secret["version"] });
            shown["valueFrom"] = json!({ "secretKeyRef": secret });
        }
        shown
    });
    put(&mut shown, "env", variables.collect());
    shown
}

/// The template of version 2 that a Knative template stands for. `before` is the one that it replaces.
pub(super) fn read(engine: &Engine, knative: &Value, before: &Value) -> Result<Value, Refusal> {
    let (metadata, spec) = (&knative["metadata"], &knative["spec"]);
    let mut template = json!({});
    put(&mut template, "revision", metadata["name"].clone());
    put(&mut template, "labels", metadata["labels"].clone());
    put(
        &mut template,
        "maxInstanceRequestConcurrency",
        spec["containerConcurrency"].clone(),
    );
    put(
        &mut template,
        "serviceAccount",
        spec["serviceAccountName"].clone(),
    );
    if let Some(seconds) = status::number(&spec["timeoutSeconds"]) {
        template["timeout"] = json!(format!("{seconds}s"));
    }
    let selector = read_node_selector(spec);
    put(&mut template, "nodeSelector", selector);
    template["containers"] = read_containers(spec, before);
    let at = "spec.template.metadata.annotations";
    annotations::read(
        engine,
        annotations::TEMPLATE,
        at,
        &metadata["annotations"],
        &mut template,
    )?;
    Ok(template)
}

/// The containers of version 2 that those of a `spec` stand for. `before` is what has those that they replace.
pub(super) fn read_containers(spec: &Value, before: &Value) -> Value {
    let containers = spec["containers"].as_array().into_iter().flatten();
    let containers = containers.enumerate();
    containers
        .map(|(index, given)| read_container(given, &before["containers"][index]))
        .collect()
}

fn read_container(given: &Value, before: &Value) -> Value {
    let mut container = json!({});
    for field in SAME {
        put(&mut container, field, given[field].clone());
    }
    for field in KEPT {
        put(&mut container, field, before[field].clone());
    }
    put(&mut container, "ports", given["ports"].clone());
    put(&mut container, "resources", given["resources"].clone());
    let variables = given["env"].as_array().into_iter().flatten().map(|given| {
        let mut variable = json!({ "name": given["name"] });
        put(&mut variable, "value", given["value"].clone());
        let secret = &given["valueFrom"]["secretKeyRef"];
        if secret.is_object() {
            let secret = json!({ "secret": secret["name"], "version": secret["key"] });
            variable["valueSource"] = json!({ "secretKeyRef": secret });
        }
        variable
    });
    put(&mut container, "env", variables.collect());
    container
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::knative::tests::{S, S2, SERVICES, get, plain};
    use crate::testing::Bench;

    #[test]
    fn what_is_put_back_as_it_was_got_changes_nothing() {
        let mut bench = Bench::new();
        let mut service = plain();
        service["metadata"]["annotations"] = json!({
            "run.googleapis.com/description": "d", "run.googleapis.com/custom-audiences": "[\"a\"]",
            "run.googleapis.com/minScale": "1", "team": "payments",
        });
        service["metadata"]["labels"] = json!({ "tier": "one" });
        service["spec"]["template"]["metadata"]["annotations"] = json!({
            "autoscaling.knative.dev/minScale": "2", "run.googleapis.com/cpu-throttling": "false",
            "run.googleapis.com/startup-cpu-boost": "true", "run.googleapis.com/execution-environment": "gen2",
        });
        let spec = &mut service["spec"]["template"]["spec"];
        spec["timeoutSeconds"] = json!(60);
        spec["containers"][0]["env"] = json!([
            { "name": "A", "value": "b" },
            { "name": "C", "valueFrom": { "secretKeyRef": { "name": "s", "key": "latest" } } },
        ]);
        bench.ok("POST", SERVICES, service);
        let two = bench.ok("GET", S2, Value::Null);
        let container = &two["template"]["containers"][0];
        assert_eq!(container["resources"]["cpuIdle"], false);
        assert_eq!(
            container["env"][1]["valueSource"]["secretKeyRef"]["version"],
            "latest"
        );
        assert_eq!(
            (&two["template"]["timeout"], &two["description"]),
            (&json!("60s"), &json!("d"))
        );
        let got = get(&mut bench);
        bench.ok("PUT", S, got);
        let again = bench.ok("GET", S2, Value::Null);
        assert_eq!(again["generation"], two["generation"], "{again:#}\n{two:#}");
    }

    #[test]
    fn a_replace_keeps_what_knative_has_no_words_for() {
        let mut bench = Bench::new();
        let mut service =
            crate::run::tests::with("volumes", json!([{ "name": "v", "emptyDir": {} }]));
        service["template"]["containers"][0]["volumeMounts"] =
            json!([{ "name": "v", "mountPath": "/v" }]);
        crate::run::tests::create(&mut bench, service);
        let mut got = get(&mut bench);
        got["spec"]["template"]["spec"]["timeoutSeconds"] = json!(30);
        bench.ok("PUT", S, got);
        let two = bench.ok("GET", S2, Value::Null);
        assert_eq!(two["template"]["timeout"], "30s");
        assert_eq!(two["template"]["volumes"][0]["name"], "v");
        assert_eq!(
            two["template"]["containers"][0]["volumeMounts"][0]["mountPath"],
            "/v"
        );
    }
}
