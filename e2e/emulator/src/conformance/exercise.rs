//! Exercises as data: requests on throwaway things, and what each answer is to show about which rule.
//!
//! In URLs and bodies `~` stands for the prefix of all names of the run, and `{project}`, `{region}`,
//! `{elsewhere}` (another region) and `{uuid}` for what their names say; an exercise can keep values of
//! answers under names of its own. URLs begin with one of the [`APIS`].

use std::collections::BTreeSet;

use serde_json::Value;

use crate::conformance::fixture::Fixture;
use crate::conformance::thing::Thing;

/// What a URL's first word stands for.
pub(crate) const APIS: [(&str, &str); 4] = [
    (
        "compute:",
        "https://compute.googleapis.com/compute/v1/projects/{project}/",
    ),
    (
        "run:",
        "https://run.googleapis.com/v2/projects/{project}/locations/{region}/",
    ),
    (
        "vpcaccess:",
        "https://vpcaccess.googleapis.com/v1/projects/{project}/locations/{region}/",
    ),
    (
        "knative:",
        "https://{region}-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/{project}/",
    ),
];

/// What an answer is expected to be like. Places are JSON pointers.
#[derive(Clone, Debug)]
pub(crate) enum Expect {
    /// An error with this status, and this reason (Compute) or canonical status (the others).
    Refused(u16, &'static str),
    /// A value.
    Shows(&'static str, Value),
    /// Any other value than this one.
    ShowsOther(&'static str, Value),
    /// Something.
    Has(&'static str),
    /// Nothing.
    Lacks(&'static str),
    /// A list with an object that has these fields among others.
    Among(&'static str, Value),
    /// An error whose message contains this.
    Says(&'static str),
}

/// What an answer shows about a rule.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) rule: &'static str,
    pub(crate) expect: Expect,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) body: Value,
    /// Sent while the operation of the step before is running, and its own is not waited for.
    pub(crate) at_once: bool,
    /// What follows makes no sense without its success.
    pub(crate) needed: bool,
    pub(crate) claims: Vec<Claim>,
    /// Values of the answer to keep: a name, and where they stand.
    pub(crate) keeps: Vec<(&'static str, &'static str)>,
}

impl Step {
    /// Whether it is there to be refused.
    fn is_to_be_refused(&self) -> bool {
        let mut expected = self.claims.iter().map(|claim| &claim.expect);
        expected.any(|expect| matches!(expect, Expect::Refused(..)))
    }

    /// Whether what follows makes no sense unless Google has at least decided about it: it is needed, or it is to change
    /// what there is.
    pub(crate) fn is_counted_on(&self) -> bool {
        self.needed || (self.method != "GET" && !self.is_to_be_refused())
    }
}

/// A sequence of requests that shows something about some rules.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// A word, such as `routes`.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// How long it takes with the real Google Cloud, about. Waits are most of it.
    pub minutes: u32,
    /// What of it costs something; empty if nothing does.
    pub costs: &'static str,
    pub(crate) needs: &'static [Fixture],
    pub(crate) steps: Vec<Step>,
}

impl Exercise {
    pub(crate) fn new(
        name: &'static str,
        about: &'static str,
        minutes: u32,
        needs: &'static [Fixture],
    ) -> Exercise {
        Exercise {
            name,
            about,
            minutes,
            costs: "",
            needs,
            steps: Vec::new(),
        }
    }

    /// The rules that it shows something about.
    pub fn rules(&self) -> BTreeSet<&'static str> {
        let claims = self.steps.iter().flat_map(|step| &step.claims);
        claims.map(|claim| claim.rule).collect()
    }

    /// What it makes, what it shares with others included. `~` in a name stands for the run's prefix.
    pub fn makes(&self) -> BTreeSet<Thing> {
        let shared = self.needs.iter().flat_map(|fixture| fixture.steps());
        let own = self.steps.iter().cloned();
        shared
            .chain(own)
            .filter(|step| step.method == "POST" && !step.is_to_be_refused())
            .filter_map(|step| Thing::made_by(&step.url.replace(':', "/"), &step.body))
            .collect()
    }

    /// How many requests it sends, without those that wait and clean up.
    pub fn requests(&self) -> usize {
        self.steps.len()
    }

    pub(crate) fn send(mut self, method: &'static str, url: &str, body: Value) -> Exercise {
        self.steps.push(Step {
            method,
            url: url.to_owned(),
            body,
            at_once: false,
            needed: false,
            claims: Vec::new(),
            keeps: Vec::new(),
        });
        self
    }

    pub(crate) fn costs(mut self, what: &'static str) -> Exercise {
        self.costs = what;
        self
    }

    /// Makes something that what follows needs.
    pub(crate) fn make(self, url: &str, body: Value) -> Exercise {
        self.post(url, body).needed()
    }

    pub(crate) fn get(self, url: &str) -> Exercise {
        self.send("GET", url, Value::Null)
    }

    pub(crate) fn post(self, url: &str, body: Value) -> Exercise {
        self.send("POST", url, body)
    }

    pub(crate) fn patch(self, url: &str, body: Value) -> Exercise {
        self.send("PATCH", url, body)
    }

    pub(crate) fn delete(self, url: &str) -> Exercise {
        self.send("DELETE", url, Value::Null)
    }

    fn last(mut self, change: impl FnOnce(&mut Step)) -> Exercise {
        if let Some(step) = self.steps.last_mut() {
            change(step);
        }
        self
    }

    pub(crate) fn at_once(self) -> Exercise {
        self.last(|step| step.at_once = true)
    }

    pub(crate) fn needed(self) -> Exercise {
        self.last(|step| step.needed = true)
    }

    pub(crate) fn keep(self, name: &'static str, at: &'static str) -> Exercise {
        self.last(|step| step.keeps.push((name, at)))
    }

    fn claim(self, rule: &'static str, expect: Expect) -> Exercise {
        self.last(|step| step.claims.push(Claim { rule, expect }))
    }

    pub(crate) fn refused(self, rule: &'static str, status: u16, reason: &'static str) -> Exercise {
        self.claim(rule, Expect::Refused(status, reason))
    }

    pub(crate) fn says(self, rule: &'static str, text: &'static str) -> Exercise {
        self.claim(rule, Expect::Says(text))
    }

    pub(crate) fn shows(
        self,
        rule: &'static str,
        at: &'static str,
        value: impl Into<Value>,
    ) -> Exercise {
        self.claim(rule, Expect::Shows(at, value.into()))
    }

    pub(crate) fn shows_other(
        self,
        rule: &'static str,
        at: &'static str,
        value: impl Into<Value>,
    ) -> Exercise {
        self.claim(rule, Expect::ShowsOther(at, value.into()))
    }

    pub(crate) fn has(self, rule: &'static str, at: &'static str) -> Exercise {
        self.claim(rule, Expect::Has(at))
    }

    pub(crate) fn lacks(self, rule: &'static str, at: &'static str) -> Exercise {
        self.claim(rule, Expect::Lacks(at))
    }

    pub(crate) fn among(self, rule: &'static str, at: &'static str, item: Value) -> Exercise {
        self.claim(rule, Expect::Among(at, item))
    }
}
