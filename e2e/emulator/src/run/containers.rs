//! What the server adds to the containers of a service.

use serde_json::{Value, json};

use crate::compute::{default, fill};
use crate::engine::Engine;
use crate::rules::Rule;

static CPU: Rule = Rule::documented(
    "run.service.container.default.cpu",
    "docs/reference/google-cloud.md#run-defaults",
    "A container has a limit of 1000m of CPU.",
);
static MEMORY: Rule = Rule::documented(
    "run.service.container.default.memory",
    "docs/reference/google-cloud.md#run-defaults",
    "A container has a limit of 512Mi of memory.",
);
static CPU_IDLE: Rule = Rule::documented(
    "run.service.container.default.cpu-idle",
    "docs/reference/google-cloud.md#run-defaults",
    "cpuIdle is true: there is CPU only while a request is served.",
);
static PORT: Rule = Rule::documented(
    "run.service.container.default.port",
    "docs/reference/google-cloud.md#run-defaults",
    "The container that serves has the port 8080.",
);
static PORT_NAME: Rule = Rule::documented(
    "run.service.container.default.port-name",
    "docs/reference/google-cloud.md#run-defaults",
    "A port without a name is called http1.",
);
static PROBE: Rule = Rule::documented(
    "run.service.container.default.startup-probe",
    "docs/reference/google-cloud.md#run-defaults",
    "The container that serves has a TCP startup probe on its port: one try, of 240 seconds.",
);

pub(super) static RULES: &[&Rule] = &[&CPU, &MEMORY, &CPU_IDLE, &PORT, &PORT_NAME, &PROBE];

/// Adds what a request left out of the containers of a template.
pub(super) fn complete(engine: &Engine, template: &mut Value) {
    let containers = template.get_mut("containers").and_then(Value::as_array_mut);
    for (index, container) in containers.into_iter().flatten().enumerate() {
        complete_limits(engine, container);
        // Only the first container of several takes requests, unless another one names a port.
        if index == 0 {
            complete_port(engine, container);
        }
    }
}

fn complete_limits(engine: &Engine, container: &mut Value) {
    fill(container, "resources", || json!({}));
    let resources = &mut container["resources"];
    fill(resources, "limits", || json!({}));
    let limits = &mut resources["limits"];
    default(engine, &CPU, limits, "cpu", json!("1000m"));
    default(engine, &MEMORY, limits, "memory", json!("512Mi"));
    default(engine, &CPU_IDLE, resources, "cpuIdle", json!(true));
}

fn complete_port(engine: &Engine, container: &mut Value) {
    let ports = json!([{ "containerPort": 8080 }]);
    default(engine, &PORT, container, "ports", ports);
    let Some(port) = container.pointer_mut("/ports/0") else {
        return;
    };
    default(engine, &PORT_NAME, port, "name", json!("http1"));
    let probe = json!({
        "timeoutSeconds": 240,
        "periodSeconds": 240,
        "failureThreshold": 1,
        "tcpSocket": { "port": port["containerPort"] },
    });
    default(engine, &PROBE, container, "startupProbe", probe);
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::{CPU, CPU_IDLE, MEMORY, PORT, PORT_NAME, PROBE};
    use crate::run::defaults::tests::shown;
    use crate::run::tests::{create, get, plain};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        [&CPU, &MEMORY, &CPU_IDLE, &PORT, &PORT_NAME, &PROBE]
            .map(|rule| shown(rule, plain()))
            .into()
    }

    #[test]
    fn a_container_looks_as_it_was_reported() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let container = &get(&mut bench)["template"]["containers"][0];
        assert_eq!(
            container["resources"],
            json!({ "limits": { "cpu": "1000m", "memory": "512Mi" }, "cpuIdle": true })
        );
        assert_eq!(
            container["ports"],
            json!([{ "name": "http1", "containerPort": 8080 }])
        );
        assert_eq!(container["startupProbe"]["tcpSocket"]["port"], 8080);
    }
}
