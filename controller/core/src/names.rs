//! Deterministic resource names, and the mark that says what is ours.
//!
//! There is no state file: what a turn made is found again by its name (a function of the declaration)
//! and recognised as ours by its mark. Kinds with a description carry the mark there, set by the very
//! call that creates them; connectors and NAT entries have no field for it, so their name is the mark.
//! Names and marks are pinned by a golden test: a release never renames what an older one made.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::ids::{LinkName, ProjectId, ResourceName};

/// Who we are: one installation (`owner`) applying one collection of declarations (`set`).
///
/// What is read from an annotation is held to the same rule as what somebody runs with: it is printed as a part of
/// commands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Installation {
    /// The installation: whoever runs this process. `--owner`.
    pub owner: Arc<str>,
    /// The directory, repository or cluster that declares. `--set`.
    pub set: Arc<str>,
}

/// As an annotation has it.
#[derive(Deserialize)]
struct Written {
    owner: String,
    set: String,
}

impl TryFrom<Written> for Installation {
    type Error = InstallationError;

    fn try_from(written: Written) -> Result<Self, InstallationError> {
        Self::new(&written.owner, &written.set)
    }
}

/// An owner or set name that could not be written into a mark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not usable as an owner or set name: use 1 to 63 letters, digits, '-', '_', '.' or '/'"
)]
pub struct InstallationError(pub String);

impl Installation {
    /// Checks both names. They travel inside a description, so they hold no spaces and no quotes.
    pub fn new(owner: &str, set: &str) -> Result<Self, InstallationError> {
        for name in [owner, set] {
            let fits = (1..=63).contains(&name.len())
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
            if !fits {
                return Err(InstallationError(name.to_owned()));
            }
        }
        Ok(Self {
            owner: owner.into(),
            set: set.into(),
        })
    }

    /// What to do for whoever meant to run as this installation and runs as `ours`.
    pub(crate) fn run_as(&self, ours: &Self) -> String {
        let Self { owner, set } = self;
        if *owner == ours.owner {
            return format!("run with `--set {set}`");
        }
        format!("run with `--owner {owner} --set {set}` if that is you")
    }

    /// Six characters that stand for this owner and set inside every name that we make.
    pub fn tag(&self) -> String {
        hash(6, &["installation", &self.owner, &self.set])
    }

    /// The start of the name of every connector and NAT entry that carries our mark.
    pub fn prefix(&self) -> String {
        format!("pl-{}-", self.tag())
    }

    /// A name for one thing: our prefix and a hash of what cannot be changed in place.
    ///
    /// 18 characters. A connector's name has to stay under 21 characters with each hyphen counted
    /// twice (`docs/reference/google-cloud.md#connector-name`): 16 + 2 x 2 = 20. The same scheme serves
    /// every kind, so that a reader recognises our things at a glance.
    pub fn name(&self, identity: &[&str]) -> ResourceName {
        let mut parts = vec![&*self.owner, &*self.set];
        parts.extend_from_slice(identity);
        ResourceName::trusted(&format!("{}{}", self.prefix(), hash(8, &parts)))
    }

    /// Is this the name of a thing that this owner and set made?
    pub fn made(&self, name: &str) -> bool {
        // What others call their things is told without a hash.
        name.len() == 18 && name.starts_with("pl-") && name.starts_with(&self.prefix())
    }
}

/// Does a name follow our scheme, whoever made it?
pub fn follows_our_scheme(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    matches!(parts.as_slice(), ["pl", tag, identity] if tag.len() == 6 && identity.len() == 8)
}

/// The mark in a description: who made the thing, for which link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mark {
    /// Whose it is. Only this owner and set may change or delete the thing.
    pub installation: Installation,
    /// The link that asked first. Told to people; never compared, because links come and go.
    pub link: Arc<str>,
    /// The project of a connector that needs the thing, when it is another one: a run that finds the thing has to
    /// look there too before it knows that nobody uses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<ProjectId>,
}

impl Mark {
    /// A mark for a thing that `link` asks for.
    pub fn new(installation: &Installation, link: &LinkName) -> Self {
        Self {
            installation: installation.clone(),
            link: link.to_string().into(),
            connector: None,
        }
    }

    /// The same, on a thing that a connector in that project needs.
    #[must_use]
    pub fn with_connector_in(self, project: &ProjectId) -> Self {
        Self {
            connector: Some(project.clone()),
            ..self
        }
    }
}

/// The version of the mark's own format. A reader refuses versions it does not know.
const MARK_VERSION: &str = "privatelink.dev/v1";

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            installation: Installation { owner, set },
            link,
            connector,
        } = self;
        write!(out, "{MARK_VERSION} owner={owner} set={set} link={link}")?;
        match connector {
            Some(project) => write!(out, " connector={project}"),
            None => Ok(()),
        }
    }
}

/// A description that carries no mark of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mark")]
pub struct NoMark;

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(description: &str) -> Result<Self, NoMark> {
        let mut words = description.split(' ');
        if words.next() != Some(MARK_VERSION) {
            return Err(NoMark);
        }
        let mut word = |key: &str| {
            words
                .next()
                .and_then(|w| w.strip_prefix(key))
                .and_then(|w| w.strip_prefix('='))
                .ok_or(NoMark)
        };
        let (owner, set, link) = (word("owner")?, word("set")?, word("link")?);
        let installation = Installation::new(owner, set).map_err(|_| NoMark)?;
        // Older releases wrote none, and what newer ones add after it is theirs.
        let connector = word("connector")
            .ok()
            .and_then(|project| project.parse().ok());
        Ok(Self {
            installation,
            link: link.into(),
            connector,
        })
    }
}

/// `length` digits and consonants over the parts: no vowels, so that no hash spells a word.
///
/// Parts are separated by a byte that cannot occur in them, so that ("a", "bc") and ("ab", "c") differ.
pub fn hash(length: usize, parts: &[&str]) -> String {
    const ALPHABET: &[u8; 31] = b"0123456789bcdfghjklmnpqrstvwxyz";
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher
        .finalize()
        .iter()
        .take(length)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}
