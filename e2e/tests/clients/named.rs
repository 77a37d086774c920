//! What a plan names, as Google's clients show it after the plan was applied.

use privatelink_e2e::privatelink::Privatelink;
use privatelink_e2e::scenario;
use serde_json::Value;

use super::lives::Client;
use super::session::{BINARY, REGION, Session};

/// The scenario whose plan names every kind that we make or change.
const SCENARIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios/every-field");

/// What a plan calls a thing.
pub(crate) struct Named {
    kind: String,
    id: String,
}

impl Named {
    /// The path of the thing, or of what it is a part of.
    fn path(&self) -> &str {
        self.id.split('#').next().unwrap_or_default()
    }

    /// The last word of the id's path, or of the part.
    fn short(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }

    /// The command of `gcloud` that shows it, and what that is to print.
    fn command(&self) -> String {
        let name = self.path().rsplit('/').next().unwrap_or_default();
        let part = self.short();
        match self.kind.as_str() {
            "Network" => format!("compute networks describe {name} --format='value(selfLink)'"),
            "Subnetwork" => {
                format!("compute networks subnets describe {name} --format='value(selfLink)'")
            }
            "Address" => format!("compute addresses describe {name} --format='value(selfLink)'"),
            "Router" => format!("compute routers describe {name} --format='value(selfLink)'"),
            "Nat" => format!(
                "compute routers nats describe {part} --router={name} --format='value(name)'"
            ),
            "Connector" => format!(
                "compute networks vpc-access connectors describe {name} --region={REGION} --format='value(name)'"
            ),
            "ServiceEgress" => format!(
                "run services describe {name} --format='value(spec.template.metadata.annotations.\"run.googleapis.com/vpc-access-egress\")'"
            ),
            "ServiceIngress" => format!(
                "run services describe {name} --format='value(metadata.annotations.\"run.googleapis.com/ingress\")'"
            ),
            kind => panic!("how does gcloud show a {kind}?"),
        }
    }

    /// How what a client prints of it ends: with where it is or, of a service, with what was set.
    fn ending(&self, client: Client) -> &str {
        match (self.kind.as_str(), client) {
            ("Nat", _) => self.short(),
            ("ServiceEgress", Client::Gcloud) => "all-traffic",
            ("ServiceEgress", Client::Python) => "ALL_TRAFFIC",
            ("ServiceIngress", Client::Gcloud) => "internal-and-cloud-load-balancing",
            ("ServiceIngress", Client::Python) => "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            _ => self.path(),
        }
    }
}

/// Applies the scenario's declaration; gives what its plan named.
pub(crate) async fn applied(session: &Session) -> Vec<Named> {
    let live = std::fs::read_to_string(format!("{SCENARIO}/live.yaml")).unwrap();
    let live: Value = scenario::yaml(&live).unwrap();
    session.cloud.put_state(&live).await.unwrap();
    let privatelink = Privatelink::new(BINARY, &session.cloud.url(), SCENARIO);
    let plan = ["plan", "-o", "json", "declare.yaml"];
    let plan = privatelink.run(&plan).await.unwrap().json();
    let apply = ["apply", "--yes", "declare.yaml"];
    let applied = privatelink.run(&apply).await.unwrap();
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    let steps = plan["steps"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let named: Vec<Named> = steps
        .map(|step| Named {
            kind: text(&step["kind"]),
            id: text(&step["id"]),
        })
        .collect();
    assert!(named.len() >= 8, "{plan:#}");
    named
}

/// Fails unless `gcloud` shows all of them.
pub(crate) async fn gcloud_describes(session: &Session, named: &[Named]) {
    let commands = named
        .iter()
        .map(|it| format!("echo \"{} $(gcloud {})\"\n", it.id, it.command()));
    let printed = session.works(&commands.collect::<String>()).await;
    all_are_shown(Client::Gcloud, named, &printed);
}

/// Fails unless Google's libraries for Python show all of them. `python` runs a script.
pub(crate) async fn python_describes(session: &Session, python: &str, named: &[Named]) {
    let words = named.iter().map(|it| format!(" '{}={}'", it.kind, it.id));
    let script = format!("{python} named.py{}", words.collect::<String>());
    all_are_shown(Client::Python, named, &session.works(&script).await);
}

fn all_are_shown(client: Client, named: &[Named], printed: &str) {
    for it in named {
        let is_shown = printed.lines().any(|line| {
            line.strip_prefix(&format!("{} ", it.id))
                .is_some_and(|shown| shown.ends_with(it.ending(client)))
        });
        assert!(is_shown, "{} {}:\n{printed}", it.kind, it.id);
    }
}
