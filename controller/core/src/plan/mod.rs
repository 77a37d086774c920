//! The plan: what shall happen to each thing and why. A value that can be printed, compared and serialised.

mod addresses;
pub(crate) mod adoption;
pub(crate) mod changing;
pub mod connectors;
pub mod egress;
pub(crate) mod former_egress;
pub mod ingress;
mod jobs;
mod meant;
mod nat_entries;
pub(crate) mod nat_moves;
pub mod nodes;
mod ownership;
mod release;
pub mod removal;
mod routers;
mod subnetworks;
pub(crate) mod trail;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::apply::queue::Followers;
use crate::cloud::Write;
use crate::codes::Code;
use crate::ids::LinkName;
use crate::kinds::{FieldChange, Id};
use crate::link::ServiceRef;

/// What shall happen to one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// Some of its fields change.
    Update,
    /// It goes away.
    Delete,
    /// It is as it shall be.
    Nothing,
    /// Something else has to come first; a later pass or turn gets further.
    Wait,
    /// It will not be done, and why.
    Refuse,
}

impl Action {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Wait,
        Self::Refuse,
        Self::Nothing,
    ];

    /// The sign that plans are printed with.
    pub fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Delete => '-',
            Self::Nothing => '.',
            Self::Wait => '?',
            Self::Refuse => '!',
        }
    }

    /// The word that reports use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Nothing => "nothing",
            Self::Wait => "wait",
            Self::Refuse => "refuse",
        }
    }

    /// Does it write?
    pub fn writes(self) -> bool {
        match self {
            Self::Create | Self::Update | Self::Delete => true,
            Self::Nothing | Self::Wait | Self::Refuse => false,
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub action: Action,
    /// Why, in a sentence for people.
    pub why: Cow<'static, str>,
    /// The page that says more, for steps that wait or are refused.
    pub code: Option<Code>,
    /// What the user can do.
    pub help: Option<String>,
    /// Field by field.
    pub changes: Vec<FieldChange>,
    /// Steps of this plan that have to succeed first.
    pub after: BTreeSet<Id>,
    /// Destinations that this step forgets, each with the link, because no record of it was seen there: they are read
    /// again just before.
    pub forgets: BTreeSet<(ServiceRef, Arc<str>)>,
    /// The links that want it.
    pub links: BTreeSet<LinkName>,
    /// The link whose path is the reason why it waits.
    pub held_by: Option<LinkName>,
    /// What is sent; present exactly when the action writes.
    pub write: Option<Write>,
}

impl Step {
    fn new(action: Action, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            action,
            why: why.into(),
            code: None,
            help: None,
            changes: Vec::new(),
            after: BTreeSet::new(),
            forgets: BTreeSet::new(),
            links: BTreeSet::new(),
            held_by: None,
            write: None,
        }
    }

    /// It is as it shall be.
    pub fn nothing(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Action::Nothing, why)
    }

    /// It is made.
    pub fn create(why: impl Into<Cow<'static, str>>, write: Write) -> Self {
        Self {
            write: Some(write),
            ..Self::new(Action::Create, why)
        }
    }

    /// Some of its fields change.
    pub fn update(
        why: impl Into<Cow<'static, str>>,
        changes: Vec<FieldChange>,
        write: Write,
    ) -> Self {
        Self {
            changes,
            write: Some(write),
            ..Self::new(Action::Update, why)
        }
    }

    /// It goes away.
    pub fn delete(why: impl Into<Cow<'static, str>>, write: Write) -> Self {
        Self {
            write: Some(write),
            ..Self::new(Action::Delete, why)
        }
    }

    /// Something else has to come first.
    pub fn wait(code: Code, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: Some(code),
            ..Self::new(Action::Wait, why)
        }
    }

    /// It will not be done.
    pub fn refuse(code: Code, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: Some(code),
            ..Self::new(Action::Refuse, why)
        }
    }

    /// It cannot be judged, because it could not be read.
    pub fn unreadable(why: &str) -> Self {
        let why = crate::findings::naming("cannot ", why, || "could not be read".to_owned());
        Self::refuse(Code::ScopeUnreadable, why)
    }

    /// Is it about something that only grows, and has grown beyond what was declared? It is told and left.
    pub fn stays_larger(&self) -> bool {
        stays_larger(self.action, self.code)
    }

    /// Does it lead a service over another way into a network, or over none?
    pub(crate) fn moves_egress(&self) -> bool {
        matches!(&self.write, Some(Write::PatchService(patch)) if patch.vpc_access.is_some())
    }

    /// Says what the user can do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Waits for the path of this link.
    #[must_use]
    pub(crate) fn held_by(mut self, link: Option<LinkName>) -> Self {
        self.held_by = link;
        self
    }

    /// Has to come after these.
    #[must_use]
    pub fn after(mut self, ids: impl IntoIterator<Item = Id>) -> Self {
        self.after.extend(ids);
        self
    }

    /// Shows the fields that would change, for steps that do not write now.
    #[must_use]
    pub fn showing(mut self, changes: Vec<FieldChange>) -> Self {
        self.changes = changes;
        self
    }

    /// The same wish, held back: nothing is written, and the changes stay visible.
    #[must_use]
    pub fn held_back(self, action: Action, code: Code, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            action,
            why: why.into(),
            code: Some(code),
            write: None,
            after: BTreeSet::new(),
            ..self
        }
    }
}

/// What shall happen to everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, by identity.
    pub steps: BTreeMap<Id, Step>,
}

/// How many steps of each action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // Each field counts the action of the same name.
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub delete: usize,
    pub wait: usize,
    pub refuse: usize,
    pub nothing: usize,
}

impl Summary {
    /// Counts one more.
    pub fn count(&mut self, action: Action) {
        match action {
            Action::Create => self.create += 1,
            Action::Update => self.update += 1,
            Action::Delete => self.delete += 1,
            Action::Wait => self.wait += 1,
            Action::Refuse => self.refuse += 1,
            Action::Nothing => self.nothing += 1,
        }
    }

    /// How many would be written.
    pub fn writes(&self) -> usize {
        self.create + self.update + self.delete
    }
}

impl Plan {
    /// Counts the steps.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for step in self.steps.values() {
            summary.count(step.action);
        }
        summary
    }

    /// The plan without these steps, and without everything that comes after one of them.
    #[must_use]
    pub fn without(&self, out: &BTreeSet<Id>) -> Self {
        if out.is_empty() {
            return self.clone();
        }
        let steps = self.steps.iter();
        let followers = Followers::new(steps.map(|(id, step)| (id, step.after.iter().collect())));
        let out: BTreeSet<&Id> = followers.closure(out);
        let left = self.steps.iter().filter(|(id, _)| !out.contains(id));
        Self {
            steps: left.map(|(id, step)| (id.clone(), step.clone())).collect(),
        }
    }

    /// Is there anything to carry out?
    pub fn writes(&self) -> bool {
        self.steps.values().any(|step| step.action.writes())
    }
}

/// Does a step of this kind tell of something that has grown and cannot be made smaller?
pub(crate) fn stays_larger(action: Action, code: Option<Code>) -> bool {
    let grown = matches!(
        code,
        Some(Code::ConnectorUnfit | Code::RangeChangeImpossible)
    );
    action == Action::Nothing && grown
}
