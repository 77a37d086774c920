//! Takes out of a recording whatever says whose project it was. What the server made up becomes a
//! placeholder or a constant that the replayer knows: it is bound again when the recording is replayed.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// Stands for every time.
pub(crate) const TIME: &str = "2024-04-01T12:34:56.123456Z";
/// Stands for every caller.
const CALLER: &str = "user@example.com";

/// Knows what is to be taken out.
pub(crate) struct Redaction {
    /// Texts that are replaced wherever they stand alone, and by what.
    words: Vec<(String, String)>,
    email: Option<Regex>,
    url: Option<Regex>,
    time: Option<Regex>,
}

impl Redaction {
    /// Learns from all bodies what the project's number, the operations and the outer addresses are.
    pub(crate) fn new<'a>(
        project: &str,
        prefix: &str,
        bodies: impl Iterator<Item = &'a Value>,
    ) -> Redaction {
        let revision = format!(r"{}[a-z0-9-]*-\d{{5}}-[a-z0-9]{{3}}", regex::escape(prefix));
        let mut learned = Learned {
            revision: Regex::new(&revision).ok(),
            ..Learned::default()
        };
        for body in bodies {
            learned.learn(body, "");
        }
        let mut words: Vec<(String, String)> = Vec::new();
        words.extend(
            learned
                .operations
                .into_iter()
                .map(|it| (it, "${operationID}".to_owned())),
        );
        for (at, address) in learned.addresses.into_iter().enumerate() {
            // 192.0.2.0/24 is set aside for documentation.
            words.push((address, format!("192.0.2.{}", at % 254 + 1)));
        }
        words.extend(
            learned
                .numbers
                .into_iter()
                .map(|it| (it, "${projectNumber}".to_owned())),
        );
        words.push((project.to_owned(), "${projectId}".to_owned()));
        for (at, revision) in learned.revisions.into_iter().enumerate() {
            words.push((revision, format!("${{revision{at}}}")));
        }
        words.extend(
            learned
                .routes
                .into_iter()
                .map(|it| (it, "${defaultRouteID}".to_owned())),
        );
        let prefix = regex::escape(prefix);
        Redaction {
            words,
            email: Regex::new(r"[-A-Za-z0-9._%+${}]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}").ok(),
            url: Regex::new(&format!(
                r"https://({prefix}[a-z0-9-]*)-([a-z0-9]{{8,14}})-([a-z]{{2,4}})\.a\.run\.app"
            ))
            .ok(),
            time: Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$").ok(),
        }
    }

    /// A text without what was learned.
    pub(crate) fn text(&self, text: &str) -> String {
        if self.time.as_ref().is_some_and(|time| time.is_match(text)) {
            return TIME.to_owned();
        }
        let mut text = text.to_owned();
        for (word, stand_in) in &self.words {
            if text.contains(word.as_str()) {
                text = replace_alone(&text, word, stand_in);
            }
        }
        if let Some(url) = &self.url {
            let put = |found: &Captures<'_>| {
                format!("https://{}-${{uriHash}}-{}.a.run.app", &found[1], &found[3])
            };
            text = url.replace_all(&text, put).into_owned();
        }
        if let Some(email) = &self.email {
            // Google's own accounts are named after the project's number, which is gone already.
            let put = |found: &Captures<'_>| {
                if found[0].contains("${projectNumber}") {
                    found[0].to_owned()
                } else {
                    CALLER.to_owned()
                }
            };
            text = email.replace_all(&text, put).into_owned();
        }
        text
    }

    /// A body, its keys included.
    pub(crate) fn body(&self, body: &Value) -> Value {
        match body {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.body(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (self.text(name), self.field(name, value)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => body.clone(),
        }
    }

    fn field(&self, name: &str, value: &Value) -> Value {
        let caller = matches!(
            name.rsplit('/').next(),
            Some("creator" | "lastModifier" | "user")
        );
        if caller && value.is_string() {
            return Value::String(CALLER.to_owned());
        }
        self.body(value)
    }
}

/// What bodies show of the project.
#[derive(Default)]
struct Learned {
    numbers: BTreeSet<String>,
    operations: BTreeSet<String>,
    addresses: BTreeSet<String>,
    routes: BTreeSet<String>,
    /// What a revision's name looks like if the server made it up.
    revision: Option<Regex>,
    revisions: BTreeSet<String>,
}

impl Learned {
    fn learn(&mut self, value: &Value, name: &str) {
        match value {
            Value::String(text) => self.learn_text(name, text),
            Value::Array(items) => {
                for item in items {
                    self.learn(item, name);
                }
            }
            Value::Object(fields) => {
                let compute = fields
                    .get("kind")
                    .is_some_and(|kind| kind == "compute#operation");
                let operation = fields.get("name").and_then(Value::as_str);
                if let Some(operation) = operation.filter(|_| compute) {
                    self.operations.insert(operation.to_owned());
                }
                for (name, value) in fields {
                    self.learn(value, name);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn learn_text(&mut self, name: &str, text: &str) {
        if name == "name"
            && let Some((place, operation)) = text.split_once("/operations/")
            && place.starts_with("projects/")
        {
            self.operations.insert(operation.to_owned());
        }
        if name == "name" && text.starts_with("default-route-") {
            self.routes.insert(text.to_owned());
        }
        if let Some(revision) = &self.revision {
            self.revisions.extend(
                revision
                    .find_iter(text)
                    .map(|found| found.as_str().to_owned()),
            );
        }
        if let Some(address) = text.parse::<Ipv4Addr>().ok().filter(|it| is_outer(*it)) {
            self.addresses.insert(address.to_string());
        }
        // `projects/NUMBER`, `NUMBER-compute@...`, a Knative namespace, the label of a deterministic URL.
        let after = |start: &str| text.split(start).nth(1).unwrap_or_default();
        let in_host = text
            .strip_suffix(".run.app")
            .and_then(|host| host.split('.').next()?.rsplit('-').next());
        for found in [
            after("projects/"),
            after("namespaces/"),
            text,
            in_host.unwrap_or_default(),
        ] {
            let digits: String = found.chars().take_while(char::is_ascii_digit).collect();
            let said = match name {
                "id" | "targetId" | "generation" | "observedGeneration" => false,
                "namespace" => true,
                _ if text.len() == digits.len() => false,
                _ => found != text || found[digits.len()..].starts_with("-compute@"),
            };
            if said && (6..=15).contains(&digits.len()) {
                self.numbers.insert(digits);
            }
        }
    }
}

/// Replaces a word wherever it is not a part of a longer one.
fn replace_alone(text: &str, word: &str, stand_in: &str) -> String {
    // A number may end a host's first label: `service-NUMBER.region.run.app`.
    let number = word.bytes().all(|byte| byte.is_ascii_digit());
    let joins = |c: char| c.is_ascii_alphanumeric() || (c == '-' && !number);
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        replaced.push_str(before);
        let joined = replaced.ends_with(joins) || after.starts_with(joins);
        replaced.push_str(if joined { word } else { stand_in });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

/// Whether an address says where in the world somebody is.
fn is_outer(address: Ipv4Addr) -> bool {
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_documentation())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Redaction, TIME, replace_alone};

    #[test]
    fn only_whole_words_are_replaced() {
        let put = |text: &str| replace_alone(text, "acme", "${projectId}");
        assert_eq!(
            put("projects/acme/x and acme"),
            "projects/${projectId}/x and ${projectId}"
        );
        assert_eq!(
            put("acme-prod, my-acme, acmes"),
            "acme-prod, my-acme, acmes"
        );
        let number = replace_alone("https://s-123456.r.run.app", "123456", "${projectNumber}");
        assert_eq!(number, "https://s-${projectNumber}.r.run.app");
    }

    /// What a recording must not show, in every form in which answers show it.
    fn planted() -> Value {
        json!({
            "name": "projects/secret-project/locations/l/operations/11111111-2222-4333-8444-555555555555",
            "metadata": {
                "creator": "jane.doe@secret.example",
                "template": { "serviceAccount": "987654321098-compute@developer.gserviceaccount.com" },
                "urls": ["https://pl-conformance-ab12-987654321098.europe-west1.run.app"],
                "uri": "https://pl-conformance-ab12-qwertyuiop-ew.a.run.app",
            },
            "user": "robot@secret-project.iam.gserviceaccount.com",
            "namespace": "987654321098",
            "address": "34.77.1.2",
            "insertTime": "2026-05-04T03:00:00.000-07:00",
            "error": { "message": "jane.doe@secret.example may not use 34.77.1.2 of projects/987654321098" },
        })
    }

    #[test]
    fn nothing_says_whose_project_it_was() {
        let body = planted();
        let redaction =
            Redaction::new("secret-project", "pl-conformance-ab12", [&body].into_iter());
        let shown = redaction.body(&body);
        let text = shown.to_string();
        for secret in [
            "secret",
            "jane",
            "robot",
            "987654321098",
            "qwertyuiop",
            "34.77",
            "55555555",
            "2026-05",
        ] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        assert_eq!(shown["insertTime"], TIME);
        assert_eq!(
            shown["metadata"]["template"]["serviceAccount"],
            "${projectNumber}-compute@developer.gserviceaccount.com"
        );
    }
}
