//! A cloud on the bench: calls without HTTP, time moved by hand, and the proof that every rule counts.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{Api, Call, Fate, Verb};
use crate::clock::{self, Clock};
use crate::document;
use crate::engine::{Answer, Engine};
use crate::faults::Disturbance;
use crate::resources;
use crate::rules::Rule;

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) fate: Fate,
    pub(crate) disturbance: Disturbance,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::with_latency(Duration::ZERO)
    }

    pub(crate) fn with_latency(latency: Duration) -> Bench {
        let start: Timestamp = "2026-05-04T10:00:00Z".parse().unwrap();
        let clock = Clock::Stopped(start);
        Bench {
            engine: Engine::new(clock, latency),
            fate: Fate::AsItComes,
            disturbance: Disturbance::default(),
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.engine.clock = Clock::Stopped(clock::later(self.engine.clock.now(), time));
    }

    pub(crate) fn call(&mut self, method: &str, url: &str, body: Value) -> (Api, Answer) {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let (host, path) = match path.strip_prefix("http://") {
            Some(rest) => rest.split_at(rest.find('/').unwrap()),
            None => ("", path),
        };
        let verb = Verb::parse(method).unwrap();
        let found =
            resources::find(verb, path).unwrap_or_else(|| panic!("no method {method} {path}"));
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        let call = Call {
            resource: found.resource,
            route: found.route,
            path: found.path,
            parameters: found.parameters,
            host: host.to_owned(),
            query: query
                .map(|(key, value)| (key.to_owned(), resources::decode(value).unwrap()))
                .collect(),
            body,
            fate: self.fate.clone(),
            disturbance: self.disturbance.clone(),
        };
        (found.resource.api, self.engine.answer_as_asked(&call))
    }

    /// The body of the answer, be it an error.
    pub(crate) fn ask(&mut self, method: &str, url: &str, body: Value) -> Value {
        let (api, answer) = self.call(method, url, body);
        answer.unwrap_or_else(|refusal| refusal.body(api))
    }

    /// The body of an answer that must not be an error.
    pub(crate) fn ok(&mut self, method: &str, url: &str, body: Value) -> Value {
        let (_, answer) = self.call(method, url, body);
        answer.unwrap_or_else(|refusal| panic!("{method} {url}: {}", refusal.message))
    }

    pub(crate) fn status(&mut self, method: &str, url: &str, body: Value) -> u16 {
        self.call(method, url, body)
            .1
            .map_or_else(|refusal| refusal.http, |_| 200)
    }

    /// The message of an answer that must be an error.
    pub(crate) fn refusal(&mut self, method: &str, url: &str, body: Value) -> String {
        let (_, answer) = self.call(method, url, body);
        answer.unwrap_err().message
    }

    /// The ended operation that a mutation began, or the error it was answered with.
    pub(crate) fn ended(&mut self, method: &str, url: &str, body: Value) -> Value {
        let (api, answer) = self.call(method, url, body);
        let operation = match answer {
            Ok(operation) => operation,
            Err(refusal) => return refusal.body(api),
        };
        let path = match operation["selfLink"].as_str() {
            Some(link) => link
                .strip_prefix("https://www.googleapis.com")
                .unwrap()
                .to_owned(),
            None => format!("{}{}", api.prefix(), operation["name"].as_str().unwrap()),
        };
        let latency = self.engine.latency;
        self.pass(latency);
        self.ok("GET", &path, Value::Null)
    }

    /// Puts a state document.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers write the document in place"
    )]
    pub(crate) fn document(&mut self, document: Value) {
        document::put(&mut self.engine, &document).unwrap();
    }
}

/// A sequence of calls in which a rule has its say: what it returns differs when the rule is off.
pub(crate) struct Provocation {
    pub(crate) rule: &'static Rule,
    run: Box<dyn Fn(&mut Bench) -> Value>,
}

impl Provocation {
    pub(crate) fn new(
        rule: &'static Rule,
        run: impl Fn(&mut Bench) -> Value + 'static,
    ) -> Provocation {
        Provocation {
            rule,
            run: Box::new(run),
        }
    }
}

/// Every file's provocations.
fn provocations() -> Vec<Provocation> {
    [
        shared::provocations(),
        crate::compute::networks::tests::provocations(),
        crate::compute::subnetworks::tests::provocations(),
        crate::compute::addresses::tests::provocations(),
        crate::compute::routers::tests::provocations(),
        crate::compute::routes::tests::provocations(),
        crate::compute::firewalls::tests::provocations(),
        crate::vpcaccess::tests::provocations(),
        crate::run::tests::provocations(),
        crate::knative::tests::provocations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

mod shared {
    //! Provocations of the rules that no resource file owns.

    use super::{Bench, Provocation, Value, json};
    use crate::{compute, engine, enums, fields, pages, rpc};

    const NETWORKS: &str = "/compute/v1/projects/p/global/networks";
    const SUBNETWORKS: &str = "/compute/v1/projects/p/regions/us-east1/subnetworks";

    fn network(bench: &mut Bench, name: &str) -> Value {
        bench.ask(
            "POST",
            NETWORKS,
            json!({ "name": name, "autoCreateSubnetworks": false }),
        )
    }

    fn subnetwork(bench: &mut Bench) {
        network(bench, "n");
        let subnetwork = json!({
            "name": "s", "network": "global/networks/n", "ipCidrRange": "10.0.0.0/28",
        });
        bench.ask("POST", SUBNETWORKS, subnetwork);
    }

    pub(super) fn provocations() -> Vec<Provocation> {
        let mut all = requests();
        all.extend(lists());
        all.extend(compute());
        all
    }

    fn requests() -> Vec<Provocation> {
        vec![
            Provocation::new(&engine::PROJECT_INVALID, |bench| {
                bench.ask(
                    "GET",
                    "/compute/v1/projects/P!/global/networks",
                    Value::Null,
                )
            }),
            Provocation::new(&engine::PROJECT_DENIED, |bench| {
                bench.document(json!({ "projects": { "p": { "denied": true } } }));
                bench.ask("GET", NETWORKS, Value::Null)
            }),
            Provocation::new(&engine::REQUEST_REPLAY, |bench| {
                let url = format!("{NETWORKS}?requestId=0f1e2d3c-0000-4000-8000-000000000001");
                bench.ok("POST", &url, json!({ "name": "n" }));
                bench.ask("POST", &url, json!({ "name": "n" }))
            }),
            Provocation::new(&engine::REQUEST_ID_INVALID, |bench| {
                bench.ask(
                    "POST",
                    &format!("{NETWORKS}?requestId=7"),
                    json!({ "name": "n" }),
                )
            }),
            Provocation::new(&enums::NUMBERS, |bench| {
                let service = json!({ "run": { "projects/p/locations/us-east1/services/s": {} } });
                bench.document(service);
                let url =
                    "/v2/projects/p/locations/us-east1/services/s?$alt=json;enum-encoding=int";
                bench.ask("GET", url, Value::Null)
            }),
            Provocation::new(&rpc::LOCATION_UNKNOWN, |bench| {
                bench.ask(
                    "GET",
                    "/v2/projects/p/locations/mars-east1/services",
                    Value::Null,
                )
            }),
            Provocation::new(&rpc::OPERATION_NOT_FOUND, |bench| {
                bench.ask(
                    "GET",
                    "/v2/projects/p/locations/us-east1/operations/o",
                    Value::Null,
                )
            }),
            Provocation::new(&fields::UNKNOWN_FIELD, |bench| {
                bench.ask("POST", NETWORKS, json!({ "name": "n", "nickname": "m" }))
            }),
            Provocation::new(&fields::WRONG_TYPE, |bench| {
                bench.ask("POST", NETWORKS, json!({ "name": "n", "mtu": "wide" }))
            }),
            Provocation::new(&fields::OUTPUT_ONLY, |bench| {
                bench.ok("POST", NETWORKS, json!({ "name": "n", "id": "7" }));
                bench.ok("GET", &format!("{NETWORKS}/n"), Value::Null)
            }),
        ]
    }

    fn lists() -> Vec<Provocation> {
        vec![
            Provocation::new(&pages::PAGE_CAP, |bench| {
                let path = |n: u32| format!("projects/p/global/networks/n{n:04}");
                let networks: serde_json::Map<_, _> =
                    (0..501).map(|n| (path(n), json!({}))).collect();
                bench.document(json!({ "compute": networks }));
                let page = bench.ok("GET", &format!("{NETWORKS}?maxResults=1000"), Value::Null);
                json!(page["items"].as_array().map(Vec::len))
            }),
            Provocation::new(&pages::PAGE_TOKEN, |bench| {
                bench.ask("GET", &format!("{NETWORKS}?pageToken=made-up"), Value::Null)
            }),
            Provocation::new(&compute::lists::FILTER_INVALID, |bench| {
                bench.ask("GET", &format!("{NETWORKS}?filter=name"), Value::Null)
            }),
            Provocation::new(&compute::lists::ORDER_UNKNOWN, |bench| {
                bench.ask("GET", &format!("{NETWORKS}?orderBy=id"), Value::Null)
            }),
            Provocation::new(&compute::lists::EMPTY_SCOPES, |bench| {
                bench.ask(
                    "GET",
                    "/compute/v1/projects/p/aggregated/subnetworks",
                    Value::Null,
                )
            }),
        ]
    }

    fn compute() -> Vec<Provocation> {
        vec![
            Provocation::new(&compute::NAME, |bench| network(bench, "N")),
            Provocation::new(&compute::EXISTS, |bench| {
                network(bench, "n");
                network(bench, "n")
            }),
            Provocation::new(&compute::NOT_FOUND, |bench| {
                let subnetwork = json!({
                    "name": "s", "network": "global/networks/none", "ipCidrRange": "10.0.0.0/28",
                });
                bench.ask("POST", SUBNETWORKS, subnetwork)
            }),
            Provocation::new(&compute::NOT_READY, |bench| {
                bench.engine.latency = std::time::Duration::from_secs(1);
                network(bench, "n");
                bench.pass(std::time::Duration::from_secs(1));
                bench.ok("DELETE", &format!("{NETWORKS}/n"), Value::Null);
                bench.ask("DELETE", &format!("{NETWORKS}/n"), Value::Null)
            }),
            Provocation::new(&compute::REFERENCE_INVALID, |bench| {
                let subnetwork =
                    json!({ "name": "s", "network": "n", "ipCidrRange": "10.0.0.0/28" });
                bench.ask("POST", SUBNETWORKS, subnetwork)
            }),
            Provocation::new(&compute::REQUIRED, |bench| {
                bench.ask("POST", SUBNETWORKS, json!({ "name": "s" }))
            }),
            Provocation::new(&compute::STALE_FINGERPRINT, |bench| {
                subnetwork(bench);
                let stale = json!({ "fingerprint": "AAAAAAAAAAA=" });
                bench.ask("PATCH", &format!("{SUBNETWORKS}/s"), stale)
            }),
            Provocation::new(&compute::FULL_LINKS, |bench| {
                subnetwork(bench);
                bench.ask("GET", &format!("{SUBNETWORKS}/s"), Value::Null)
            }),
            Provocation::new(&compute::REGION_UNKNOWN, |bench| {
                bench.ask(
                    "GET",
                    "/compute/v1/projects/p/regions/mars-east1/subnetworks",
                    Value::Null,
                )
            }),
            Provocation::new(&compute::VISIBLE_WHEN_DONE, |bench| {
                bench.engine.latency = std::time::Duration::from_secs(1);
                network(bench, "n");
                bench.ask("GET", &format!("{NETWORKS}/n"), Value::Null)
            }),
        ]
    }
}

#[test]
fn every_rule_is_provoked_and_counts() {
    let all = provocations();
    let mut wrong: Vec<String> = resources::rules()
        .filter(|rule| all.iter().all(|it| it.rule.id != rule.id))
        .map(|rule| format!("nothing provokes {}", rule.id))
        .collect();
    for provocation in &all {
        let id = provocation.rule.id;
        let mut with = Bench::new();
        let seen = (provocation.run)(&mut with);
        if with.engine.rules.applied(provocation.rule) == 0 {
            wrong.push(format!("{id} had no say in {seen}"));
        }
        let mut without = Bench::new();
        without.engine.rules.switch_off([id.to_owned()]);
        if seen == (provocation.run)(&mut without) {
            wrong.push(format!("{id} makes no difference to {seen}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rule_ids_are_unique() {
    let mut ids: Vec<_> = resources::rules().map(|rule| rule.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
