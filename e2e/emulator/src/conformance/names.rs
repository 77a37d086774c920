//! Where a run plays, and what it calls its things.

use crate::conformance::exercise::APIS;
use crate::conformance::thing::Thing;
use crate::identity;

/// What the names of all runs begin with.
pub const PREFIX: &str = "pl-conformance-";

/// The number of characters that tell one run from another.
pub const SUFFIX: usize = 4;

/// A project, a region, and the names of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The project's id.
    pub project: String,
    /// The region.
    pub region: String,
    /// [`SUFFIX`] lower-case letters and digits, drawn anew for each run.
    pub suffix: String,
}

/// Whether a text can tell one run from another.
pub fn is_suffix(text: &str) -> bool {
    text.len() == SUFFIX
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

impl Place {
    /// What every name of the run begins with.
    pub fn prefix(&self) -> String {
        format!("{PREFIX}{}", self.suffix)
    }

    /// Where a thing is.
    pub(crate) fn url(&self, thing: &Thing) -> String {
        format!("{}/{}", self.fill(thing.kind.collection()), thing.name)
    }

    /// A text of an exercise with everything filled in that does not depend on answers.
    pub(crate) fn fill(&self, text: &str) -> String {
        let whole = APIS
            .iter()
            .find_map(|(word, base)| Some(format!("{base}{}", text.strip_prefix(word)?)));
        let elsewhere = if self.region == "us-west1" {
            "us-east1"
        } else {
            "us-west1"
        };
        whole
            .unwrap_or_else(|| text.to_owned())
            .replace('~', &self.prefix())
            .replace("{project}", &self.project)
            .replace("{region}", &self.region)
            .replace("{elsewhere}", elsewhere)
            .replace("{uuid}", &identity::uuid(&["conformance", &self.suffix]))
    }
}
