//! A cloud on the bench: calls without HTTP, time moved by hand, and the proof that every rule counts.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{Api, Call, Fate, Verb};
use crate::clock::{self, Clock};
use crate::document;
use crate::engine::{Answer, Engine};
use crate::faults::Disturbance;
use crate::replay::REACH;
use crate::rules::{Provenance, Rule};
use crate::{batch, conformance, request, resources};
use wire::Wire;

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) fate: Fate,
    pub(crate) disturbance: Disturbance,
    /// Where calls go over, if not straight to the engine.
    wire: Option<Rc<Wire>>,
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
            wire: None,
        }
    }

    /// A bench whose calls are bare HTTP.
    fn over(wire: &Rc<Wire>) -> Bench {
        Bench {
            wire: Some(Rc::clone(wire)),
            ..Bench::new()
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.engine.clock = Clock::Stopped(clock::later(self.engine.clock.now(), time));
    }

    pub(crate) fn call(&mut self, method: &str, url: &str, body: Value) -> (Api, Answer) {
        if let Some(wire) = self.wire.clone() {
            // Over the wire these are ordered as faults are.
            assert!(self.fate == Fate::AsItComes && self.disturbance.staleness.is_none());
            return wire.call(&mut self.engine, method, url, &text_of(&body));
        }
        self.put(method, url, Ok(body))
    }

    /// The body of the answer to a body that need not be JSON, be it an error.
    pub(crate) fn sent(&mut self, method: &str, url: &str, text: &str) -> Value {
        let (api, answer) = match self.wire.clone() {
            Some(wire) => wire.call(&mut self.engine, method, url, text),
            None => self.put(method, url, request::parse(text.as_bytes())),
        };
        answer.unwrap_or_else(|refusal| refusal.body(api))
    }

    /// How many calls a batch turns out to hold, or the body of the error that it is answered with.
    pub(crate) fn batch(&mut self, kind: &str, text: &str) -> Value {
        if let Some(wire) = self.wire.clone() {
            return wire.batch(&mut self.engine, kind, text);
        }
        batch::read(&self.engine, kind, text).map_or_else(
            |refusal| refusal.body(Api::Compute),
            |parts| json!(parts.len()),
        )
    }

    /// Straight to the engine.
    fn put(&mut self, method: &str, url: &str, parsed: serde_json::Result<Value>) -> (Api, Answer) {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let (host, path) = match path.strip_prefix("http://") {
            Some(rest) => rest.split_at(rest.find('/').unwrap()),
            None => ("", path),
        };
        let verb = Verb::parse(method).unwrap();
        let found =
            resources::find(verb, path).unwrap_or_else(|| panic!("no method {method} {path}"));
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        let api = found.resource.api;
        let body = match request::body(&self.engine, &found, parsed) {
            Ok(body) => body,
            Err(refusal) => return (api, Err(refusal)),
        };
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
        (api, self.engine.answer_as_asked(&call))
    }

    /// The body of the answer, be it an error.
    pub(crate) fn ask(&mut self, method: &str, url: &str, body: Value) -> Value {
        let (api, answer) = self.call(method, url, body);
        answer.unwrap_or_else(|refusal| refusal.body(api))
    }

    /// The body of an answer that must not be an error.
    pub(crate) fn ok(&mut self, method: &str, url: &str, body: Value) -> Value {
        let (_, answer) = self.call(method, url, body);
        answer.unwrap_or_else(|refusal| panic!("{method} {url}: {}", refusal.error.message))
    }

    pub(crate) fn status(&mut self, method: &str, url: &str, body: Value) -> u16 {
        self.call(method, url, body)
            .1
            .map_or_else(|refusal| refusal.error.http, |_| 200)
    }

    /// The message of an answer that must be an error.
    pub(crate) fn refusal(&mut self, method: &str, url: &str, body: Value) -> String {
        let (_, answer) = self.call(method, url, body);
        answer.unwrap_err().error.message
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

    /// Puts a state document that may be refused, and shows why.
    pub(crate) fn put_document(&mut self, document: &Value) -> Value {
        let put = document::put(&mut self.engine, document);
        put.map_or_else(|error| json!(error.to_string()), |()| Value::Null)
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

/// The text that a body is sent as; `Null` is none.
fn text_of(body: &Value) -> String {
    if body.is_null() {
        return String::new();
    }
    body.to_string()
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
        crate::request::tests::provocations(),
        crate::parameters::tests::provocations(),
        crate::partial::tests::provocations(),
        crate::batch::tests::provocations(),
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

mod heeded;
mod places;
mod shared;
mod tour;
mod wire;

/// What is wrong with the proof that every rule counts; `bench` makes benches, and `look` is shown what
/// each provocation came to while its rule was on.
fn wrong(bench: impl Fn() -> Bench, look: impl Fn() -> Vec<String>) -> Vec<String> {
    let all = provocations();
    let mut wrong: Vec<String> = resources::rules()
        .filter(|rule| all.iter().all(|it| it.rule.id != rule.id))
        .map(|rule| format!("nothing provokes {}", rule.id))
        .collect();
    for provocation in &all {
        let id = provocation.rule.id;
        let mut with = bench();
        let seen = (provocation.run)(&mut with);
        if with.engine.rules.applied(provocation.rule) == 0 {
            wrong.push(format!("{id} had no say in {seen}"));
        }
        wrong.extend(look().into_iter().map(|it| format!("{id}: {it}")));
        let mut without = bench();
        without.engine.rules.switch_off([id.to_owned()]);
        if seen == (provocation.run)(&mut without) {
            wrong.push(format!("{id} makes no difference to {seen}"));
        }
        // Without a rule the emulator may well say what Google never would.
        drop(look());
    }
    wrong
}

#[test]
fn every_rule_is_provoked_and_counts() {
    let wrong = wrong(Bench::new, Vec::new);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same through a socket, with every exchange held to Google's description.
#[test]
fn every_rule_is_provoked_by_bare_http() {
    let wire = Rc::new(Wire::new());
    let wrong = wrong(|| Bench::over(&wire), || wire.held.take_violations());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(wire.sent() > provocations().len(), "{}", wire.sent());
}

/// With two, one of them could go missing while the other one still makes the difference.
#[test]
fn a_default_fills_in_one_field() {
    let mut filling = BTreeMap::<&str, BTreeSet<&str>>::new();
    for provocation in provocations() {
        let mut bench = Bench::new();
        (provocation.run)(&mut bench);
        for rule in resources::rules() {
            let filled = bench.engine.rules.filled(rule);
            filling.entry(rule.id).or_default().extend(filled);
        }
    }
    filling.retain(|_, fields| !fields.is_empty());
    assert!(filling.len() > 40, "{filling:?}");
    filling.retain(|_, fields| fields.len() > 1);
    assert_eq!(filling, BTreeMap::new());
}

/// What the table of the methods says they guess is what they are seen to look at.
#[test]
fn the_guesses_of_each_method_are_those_that_it_looks_at() {
    let mut reach = conformance::tests::reach();
    for provocation in provocations() {
        let mut bench = Bench::new();
        (provocation.run)(&mut bench);
        reach.extend(bench.engine.rules.reach());
    }
    for bench in tour::tour() {
        reach.extend(bench.engine.rules.reach());
    }
    let called: BTreeSet<&str> = reach.iter().map(|(method, _)| *method).collect();
    assert_eq!(called, resources::operations().collect());
    let guessed: BTreeSet<&str> = resources::rules()
        .filter(|rule| rule.provenance == Provenance::Guessed)
        .map(|rule| rule.id)
        .collect();
    reach.retain(|(_, rule)| guessed.contains(rule));
    let lines: Vec<String> = reach
        .iter()
        .map(|(method, rule)| format!("{method} {rule}\n"))
        .collect();
    let lines = lines.concat();
    if std::env::var_os("UPDATE").is_some() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/replay/reach.txt");
        return std::fs::write(file, lines).unwrap();
    }
    let refresh = "UPDATE=1 cargo test -p privatelink-emulator --lib the_guesses";
    assert!(lines == REACH, "refresh it with `{refresh}`:\n{lines}");
    let batches = ["batch.multipart", "batch.part"];
    let unseen: Vec<&&str> = guessed
        .iter()
        .filter(|rule| reach.iter().all(|(_, seen)| seen != *rule))
        .filter(|rule| !batches.contains(rule))
        .collect();
    assert!(unseen.is_empty(), "no method looks at {unseen:?}");
}

#[test]
fn rule_ids_are_unique() {
    let mut ids: Vec<_> = resources::rules().map(|rule| rule.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
