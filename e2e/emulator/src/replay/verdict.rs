//! What a replay came to.

use std::fmt;

use crate::replay::compare::Difference;

/// A difference that is known, and why it is none of the emulator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excuse {
    /// Part of the recording's name.
    pub recording: String,
    /// The method's name, such as `compute.networks.get`.
    pub operation: String,
    /// The field's path.
    pub field: String,
    /// The reason, in one sentence.
    pub why: String,
}

impl Excuse {
    pub(super) fn covers(&self, recording: &str, operation: &str, difference: &Difference) -> bool {
        recording.contains(&self.recording)
            && operation == self.operation
            && difference.field == self.field
    }
}

/// What one exchange came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The emulator answers as was recorded.
    Agrees,
    /// It does, save for differences that are excused, each with its reason.
    Excused(Vec<(Difference, String)>),
    /// It does not.
    Differs(Vec<Difference>),
    /// It was not asked, and why.
    Skipped(String),
    /// What the recording takes for granted could not be put there, and why: nothing of it was asked.
    Unprepared(String),
}

/// One exchange and what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where the exchange stands.
    pub place: String,
    /// The HTTP method.
    pub method: String,
    /// The URL as it was recorded.
    pub url: String,
    /// The method of the API, such as `compute.networks.get`; `None` if it was not asked.
    pub operation: Option<&'static str>,
    /// What it came to.
    pub verdict: Verdict,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference {
            field,
            recorded,
            here,
        } = self;
        write!(formatter, "{field}: recorded {recorded}, here {here}")
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.unwrap_or(&self.method);
        write!(formatter, "{}: {operation} ", self.place)?;
        match &self.verdict {
            Verdict::Agrees => write!(formatter, "agrees"),
            Verdict::Skipped(why) => write!(formatter, "is skipped: {why}"),
            Verdict::Unprepared(why) => {
                write!(
                    formatter,
                    "is not asked, for want of what was there before: {why}"
                )
            }
            Verdict::Excused(differences) => {
                write!(formatter, "agrees, but for")?;
                for (difference, why) in differences {
                    write!(formatter, "\n    {difference}; excused: {why}")?;
                }
                Ok(())
            }
            Verdict::Differs(differences) => {
                write!(formatter, "differs")?;
                for difference in differences {
                    write!(formatter, "\n    {difference}")?;
                }
                Ok(())
            }
        }
    }
}
