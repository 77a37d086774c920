//! Sends what was recorded at an emulator of its own, and judges each answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::call::Verb;
use crate::clock::{self, Clock};
use crate::document;
use crate::engine::Engine;
use crate::fields::Field;
use crate::replay::bindings::Bindings;
use crate::replay::compare::{Comparison, Difference};
use crate::replay::links::{
    decoded, host_and_path, is_served, last_placeholder, name_in, unserved,
};
use crate::replay::recording::{Exchange, Recording};
use crate::replay::verdict::{Excuse, Line, Verdict};
use crate::resources::{self, Found};

/// How long operations take while recordings are replayed; time passes between two exchanges.
const LATENCY: Duration = Duration::from_secs(1);

pub(super) struct Player<'a> {
    engine: Engine,
    bindings: Bindings,
    excuses: &'a [Excuse],
    /// Our operations, by their kind and target, for polls that come after other requests.
    begun: BTreeMap<String, String>,
    /// The names that a URL's placeholder stands for where the exchange itself does not say.
    aliases: BTreeMap<String, String>,
}

/// A recorded request as it is sent here.
struct Request {
    host: String,
    path: String,
    query: Vec<(String, String)>,
    found: Option<Found>,
}

impl<'a> Player<'a> {
    pub(super) fn new(rules_off: &[String], excuses: &'a [Excuse]) -> Player<'a> {
        let mut engine = Engine::new(Clock::Stopped(Timestamp::UNIX_EPOCH), LATENCY);
        engine.rules.switch_off(rules_off.iter().cloned());
        Player {
            engine,
            bindings: Bindings::default(),
            excuses,
            begun: BTreeMap::new(),
            aliases: BTreeMap::new(),
        }
    }

    pub(super) fn play(mut self, recording: &Recording) -> Vec<Line> {
        self.engine.clock =
            Clock::Stopped(Timestamp::from_second(1_800_000_000).unwrap_or_default());
        self.learn_aliases(recording);
        if let Err(why) = self.set_up(recording) {
            let unprepared = |exchange| line(exchange, None, Verdict::Unprepared(why.clone()));
            return recording.exchanges.iter().map(unprepared).collect();
        }
        let mut lines = Vec::new();
        for (at, exchange) in recording.exchanges.iter().enumerate() {
            let at_once = exchange.at_once || (recording.at_once && at == 0);
            if !at_once && !shows_running(exchange) {
                self.pass();
            }
            lines.push(self.exchange(recording, exchange));
        }
        lines
    }

    fn pass(&mut self) {
        self.engine.clock = Clock::Stopped(clock::later(self.engine.clock.now(), LATENCY));
    }

    /// Finds out which names the placeholders at the end of URLs stand for.
    fn learn_aliases(&mut self, recording: &Recording) {
        for exchange in &recording.exchanges {
            let Some((collection, placeholder)) = last_placeholder(&exchange.url) else {
                continue;
            };
            let name = exchange.answer.as_ref();
            let name = name.and_then(|answer| name_in(answer, collection));
            if let Some(name) = name {
                self.aliases.entry(placeholder.to_owned()).or_insert(name);
            }
        }
    }

    /// The recorded URL with its host gone, its version served, and its placeholders filled.
    fn request(&mut self, exchange: &Exchange) -> Request {
        let url = exchange.url.replace("/compute/beta/", "/compute/v1/");
        let (host, path) = host_and_path(&url);
        let host = host.to_owned();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        self.bind_last(exchange, path);
        let path = self.bindings.fill(path);
        let query = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (decoded(key), decoded(value)))
            .collect::<Vec<_>>();
        let query = query
            .into_iter()
            .map(|(key, value)| (key, self.bindings.fill(&value)))
            .collect();
        let found = Verb::parse(&exchange.method).and_then(|verb| resources::find(verb, &path));
        Request {
            host,
            path,
            query,
            found,
        }
    }

    /// Makes the placeholder at the end of a URL stand for the resource that this exchange is about.
    fn bind_last(&mut self, exchange: &Exchange, path: &str) {
        let jobs = exchange.url.split("jobId=${").nth(1).is_some();
        let placeholder = match last_placeholder(&exchange.url) {
            Some((collection, placeholder)) => {
                let answer = exchange.answer.as_ref();
                let own = answer.and_then(|answer| name_in(answer, collection));
                let name = own.or_else(|| self.aliases.get(placeholder).cloned());
                Some((placeholder.to_owned(), name))
            }
            None if jobs => self
                .aliases
                .get("jobID")
                .map(|name| ("jobID".to_owned(), Some(name.clone()))),
            None => None,
        };
        if let Some((placeholder, Some(name))) = placeholder
            && !path.contains("/operations/")
        {
            let name = self.bindings.fill(&name);
            self.bindings.name(&placeholder, name);
        }
    }

    /// Puts there what the recording takes for granted, and sends what led to it.
    fn set_up(&mut self, recording: &Recording) -> Result<(), String> {
        let mut given = self.bindings.fill_value(&recording.given);
        if !given.is_object() {
            given = json!({});
        }
        let (mut written, mut there) = (Vec::new(), BTreeSet::new());
        for exchange in &recording.exchanges {
            let bound = self.bindings.clone();
            let request = self.request(exchange);
            let Some(found) = request.found else { continue };
            if exchange.method != "GET" || exchange.status != 200 {
                written.push(found.path);
                // What its placeholders stand for, an answer before it may show.
                self.bindings = bound;
                continue;
            }
            let home = resources::at_home(found.resource.api, &found.path);
            // What is below something that was written has come with it: a service's revisions.
            let within =
                |path: &String| found.path == *path || found.path.starts_with(&format!("{path}/"));
            if written.iter().any(within) {
                self.bindings = bound;
            } else if let (Some(_), false, Some(answer)) =
                (home, there.contains(&found.path), &exchange.answer)
            {
                let api = found.resource.api.name();
                given[api][&found.path] = self.input(&found, answer);
                there.insert(found.path);
            }
        }
        document::put(&mut self.engine, &given).map_err(|error| error.to_string())?;
        for (method, url) in &recording.lead {
            let exchange = Exchange {
                method: method.clone(),
                url: url.clone(),
                place: String::new(),
                request: Value::Null,
                status: 0,
                answer: None,
                partial: false,
                at_once: false,
            };
            let request = self.request(&exchange);
            let what = unserved(&exchange.url);
            let (_, answer) = self.send(request, Value::Null).ok_or(what)?;
            self.note_operation(&answer);
        }
        Ok(())
    }

    /// What a caller could have sent to make the resource that an answer shows.
    fn input(&mut self, found: &Found, answer: &Value) -> Value {
        let fields = found.resource.fields;
        let settable = |name: &str| {
            fields
                .iter()
                .any(|(field, kind)| *field == name && !matches!(kind, Field::Output))
        };
        let kept: Map<String, Value> = answer
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| settable(name) && *name != "name")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.bindings.fill_value(&Value::Object(kept))
    }

    fn send(&mut self, request: Request, body: Value) -> Option<(u16, Value)> {
        let found = request.found?;
        let api = found.resource.api;
        let call = found.into_call(request.host, request.query, body);
        let answer = self.engine.answer_as_asked(&call);
        Some(match answer {
            Ok(body) => (200, body),
            Err(refusal) => (refusal.error.http, refusal.body(api)),
        })
    }

    /// Remembers the operation that an answer shows to have begun.
    fn note_operation(&mut self, answer: &Value) {
        let Some(name) = answer["name"].as_str() else {
            return;
        };
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        self.bindings.name("operationID", name.clone());
        self.begun.insert(operation_key(answer), name);
    }

    fn exchange(&mut self, recording: &Recording, exchange: &Exchange) -> Line {
        if let Some(why) = not_an_answer(exchange) {
            return line(exchange, None, Verdict::Skipped(why));
        }
        let target = exchange
            .answer
            .as_ref()
            .and_then(|it| it["targetLink"].as_str());
        let target = target.map(|link| self.bindings.fill(link));
        let polls = exchange.url.contains("/operations/");
        if polls {
            let answer = exchange.answer.clone().unwrap_or_default();
            let key = operation_key(&self.bindings.fill_value(&answer));
            if let Some(name) = self.begun.get(&key).cloned() {
                self.bindings.name("operationID", name);
            }
        }
        let request = self.request(exchange);
        let served = target.as_deref().is_none_or(is_served);
        let Some(found) = request.found.as_ref().filter(|_| served) else {
            let what = target.filter(|_| polls);
            let what = what.unwrap_or_else(|| format!("https://{}{}", request.host, request.path));
            return line(exchange, None, Verdict::Skipped(unserved(&what)));
        };
        let operation = found.route.operation;
        let begins = exchange.method != "GET";
        let body = self.bindings.fill_value(&exchange.request);
        let Some((status, ours)) = self.send(request, body) else {
            return line(exchange, None, Verdict::Skipped("unreachable".to_owned()));
        };
        if begins {
            self.bindings.forget("operationID");
            self.bindings.written();
            if let Some(link) = made_by(operation, &ours) {
                self.bindings.made_anew(link);
            }
        }
        let mut comparison = Comparison::new(&mut self.bindings);
        if status != exchange.status {
            comparison.note("status", &exchange.status.to_string(), &status.to_string());
        }
        if let Some(answer) = &exchange.answer {
            comparison.bodies(answer, &ours, exchange.partial);
        }
        let differences = comparison.differences;
        if begins && status == 200 {
            self.note_operation(&ours);
        }
        let verdict = judge(self.excuses, recording, operation, differences);
        line(exchange, Some(operation), verdict)
    }
}

fn judge(
    excuses: &[Excuse],
    recording: &Recording,
    operation: &str,
    differences: Vec<Difference>,
) -> Verdict {
    let mut covered = Vec::new();
    let mut left = Vec::new();
    for difference in differences {
        match excuses
            .iter()
            .find(|excuse| excuse.covers(&recording.name, operation, &difference))
        {
            Some(excuse) => covered.push((difference, excuse.why.clone())),
            None => left.push(difference),
        }
    }
    match (left.is_empty(), covered.is_empty()) {
        (false, _) => Verdict::Differs(left),
        (true, false) => Verdict::Excused(covered),
        (true, true) => Verdict::Agrees,
    }
}

fn line(exchange: &Exchange, operation: Option<&'static str>, verdict: Verdict) -> Line {
    Line {
        place: exchange.place.clone(),
        method: exchange.method.clone(),
        url: exchange.url.clone(),
        operation,
        verdict,
    }
}

/// Why what was recorded is no answer of Google's, if so.
fn not_an_answer(exchange: &Exchange) -> Option<String> {
    let message = exchange.answer.as_ref()?["error"]["message"].as_str()?;
    let local = message == "context deadline exceeded";
    local.then(|| "the recording client gave up; Google did not answer".to_owned())
}

/// True if an operation is recorded as still running: then no time passes before it is asked for.
fn shows_running(exchange: &Exchange) -> bool {
    let Some(answer) = &exchange.answer else {
        return false;
    };
    exchange.method == "GET"
        && exchange.url.contains("/operations/")
        && answer["status"] != "DONE"
        && answer.get("done").is_none()
        && answer.get("error").is_none()
}

fn operation_key(operation: &Value) -> String {
    format!("{} {}", operation["operationType"], operation["targetLink"])
}

/// The link of what a method has made, as its answer tells it.
fn made_by<'a>(operation: &str, answer: &'a Value) -> Option<&'a str> {
    let makes = operation.ends_with(".insert") || operation.ends_with(".create");
    // A Compute operation's, a connector's, that of an object of Cloud Run's version 1, and of version 2.
    let places = [
        "/targetLink",
        "/metadata/target",
        "/metadata/selfLink",
        "/metadata/name",
    ];
    let mut links = places.iter().filter_map(|place| answer.pointer(place));
    links.find_map(Value::as_str).filter(|_| makes)
}
