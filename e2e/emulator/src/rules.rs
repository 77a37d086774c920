//! The register of what the emulator claims about Google Cloud: each default, each normalisation and
//! each refusal is a [`Rule`] that says where it is known from, and that can be switched off.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::refusal::{ErrorAnswer, Refusal};

/// How a rule is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provenance {
    /// In recorded traffic of the real API that the emulator is held to.
    Recorded,
    /// Stated by Google's documentation or by the API's description.
    Documented,
    /// Our best guess, or no more than what somebody reported.
    Guessed,
    /// Not a claim about Google Cloud: a convenience of the emulator.
    Invented,
}

impl Provenance {
    /// The word that `GET /emulator/rules` shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Provenance::Recorded => "recorded",
            Provenance::Documented => "documented",
            Provenance::Guessed => "guessed",
            Provenance::Invented => "invented",
        }
    }
}

/// One claim about Google Cloud that the emulator acts upon.
#[derive(Debug)]
pub struct Rule {
    /// Dotted path, such as `compute.subnetwork.range.overlap`; stable.
    pub id: &'static str,
    /// How the claim is known.
    pub provenance: Provenance,
    /// An anchor of `docs/reference/google-cloud.md`, a few words, or both.
    pub source: &'static str,
    /// The claim in one sentence.
    pub text: &'static str,
}

impl Rule {
    pub(crate) const fn new(
        id: &'static str,
        provenance: Provenance,
        source: &'static str,
        text: &'static str,
    ) -> Rule {
        Rule {
            id,
            provenance,
            source,
            text,
        }
    }

    pub(crate) const fn recorded(
        id: &'static str,
        source: &'static str,
        text: &'static str,
    ) -> Rule {
        Rule::new(id, Provenance::Recorded, source, text)
    }

    pub(crate) const fn documented(
        id: &'static str,
        source: &'static str,
        text: &'static str,
    ) -> Rule {
        Rule::new(id, Provenance::Documented, source, text)
    }

    pub(crate) const fn guessed(
        id: &'static str,
        source: &'static str,
        text: &'static str,
    ) -> Rule {
        Rule::new(id, Provenance::Guessed, source, text)
    }

    pub(crate) const fn invented(id: &'static str, text: &'static str) -> Rule {
        Rule::new(id, Provenance::Invented, "the emulator's own", text)
    }
}

/// That a rule is in force and has its say. Only the book of the rules gives it out, so that nothing is refused by a
/// rule that is switched off, or without being counted.
#[derive(Debug)]
pub(crate) struct Say(&'static Rule);

impl Say {
    pub(crate) fn id(&self) -> &'static str {
        self.0.id
    }
}

/// Which rules are switched off, and how often each one had its say.
#[derive(Debug, Default)]
pub(crate) struct RuleBook {
    off: BTreeSet<String>,
    applied: RefCell<BTreeMap<&'static str, u64>>,
    /// The method that is being answered, as Google calls it; empty outside of any.
    method: Cell<&'static str>,
    /// Which methods look at which rules: `(method, rule)`.
    #[cfg(test)]
    reach: RefCell<BTreeSet<(&'static str, &'static str)>>,
    /// The fields that each rule filled in.
    filled: RefCell<BTreeMap<&'static str, BTreeSet<&'static str>>>,
    /// Where in the code which rules had their say.
    #[cfg(test)]
    places: RefCell<BTreeSet<Place>>,
    /// Where one rule is switched off that is in force everywhere else.
    #[cfg(test)]
    off_at: Option<Place>,
}

/// A place in the code where a rule is asked for.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) rule: &'static str,
    pub(crate) location: &'static std::panic::Location<'static>,
}

impl RuleBook {
    /// True when `condition` holds and the rule is in force; counts that it was.
    #[cfg_attr(test, track_caller)]
    pub(crate) fn applies(&self, rule: &'static Rule, condition: bool) -> bool {
        #[cfg(test)]
        if !self.method.get().is_empty() {
            self.reach.borrow_mut().insert((self.method.get(), rule.id));
        }
        let applies = condition && (self.off.is_empty() || !self.off.contains(rule.id));
        #[cfg(test)]
        let applies = applies && self.is_on_at(rule, std::panic::Location::caller());
        if applies {
            *self.applied.borrow_mut().entry(rule.id).or_default() += 1;
        }
        applies
    }

    #[cfg(test)]
    fn is_on_at(&self, rule: &Rule, location: &'static std::panic::Location<'static>) -> bool {
        let rule = rule.id;
        let place = Place { rule, location };
        self.places.borrow_mut().insert(place);
        self.off_at != Some(place)
    }

    /// Where in the code which rules had their say.
    #[cfg(test)]
    pub(crate) fn places(&self) -> BTreeSet<Place> {
        self.places.borrow().clone()
    }

    #[cfg(test)]
    pub(crate) fn switch_off_at(&mut self, place: Place) {
        self.off_at = Some(place);
    }

    /// As [`RuleBook::applies`], for the rule that has `field` filled in.
    #[cfg_attr(test, track_caller)]
    pub(crate) fn fills(&self, rule: &'static Rule, field: &'static str, absent: bool) -> bool {
        let fills = self.applies(rule, absent);
        if fills {
            self.filled
                .borrow_mut()
                .entry(rule.id)
                .or_default()
                .insert(field);
        }
        fills
    }

    /// From now on rules are looked at for this method; gives the one before.
    pub(crate) fn look_for(&self, method: &'static str) -> &'static str {
        self.method.replace(method)
    }

    /// Which methods looked at which rules, whether these applied or not: `(method, rule)`.
    #[cfg(test)]
    pub(crate) fn reach(&self) -> BTreeSet<(&'static str, &'static str)> {
        self.reach.borrow().clone()
    }

    /// The fields that a rule filled in.
    #[cfg(test)]
    pub(crate) fn filled(&self, rule: &Rule) -> BTreeSet<&'static str> {
        let filled = self.filled.borrow();
        filled.get(rule.id).cloned().unwrap_or_default()
    }

    /// The only way to refuse by a rule, whose id the refusal carries.
    #[cfg_attr(test, track_caller)]
    pub(crate) fn refuse_if(
        &self,
        rule: &'static Rule,
        condition: bool,
        error: impl FnOnce() -> ErrorAnswer,
    ) -> Result<(), Refusal> {
        if self.applies(rule, condition) {
            Err(error().by(&Say(rule)))
        } else {
            Ok(())
        }
    }

    pub(crate) fn switch_off(&mut self, ids: impl IntoIterator<Item = String>) {
        self.off = ids.into_iter().collect();
    }

    pub(crate) fn applied(&self, rule: &Rule) -> u64 {
        self.applied
            .borrow()
            .get(rule.id)
            .copied()
            .unwrap_or_default()
    }

    /// What `GET /emulator/rules` answers.
    pub(crate) fn describe(&self, rules: impl Iterator<Item = &'static Rule>) -> Value {
        let mut rules: Vec<_> = rules.collect();
        rules.sort_by_key(|rule| rule.id);
        let describe = |rule: &&'static Rule| {
            json!({
                "id": rule.id,
                "provenance": rule.provenance.as_str(),
                "source": rule.source,
                "text": rule.text,
                "on": !self.off.contains(rule.id),
                "applied": self.applied(rule),
            })
        };
        json!({ "rules": rules.iter().map(describe).collect::<Vec<_>>() })
    }
}
