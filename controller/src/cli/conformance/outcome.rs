//! What came of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use privatelink_emulator::conformance::{Leftover, Session, Verdict};
use serde::Serialize;

use super::recording::Replayed;
use crate::printable::in_a_line;
use crate::render::{BAD, BOLD, DIM, GOOD, plural};

/// The version of the documents of this command.
pub(super) const API_VERSION: &str = "privatelink.dev/conformance/v1alpha1";

/// How many differing exchanges people are shown; the document has them all.
const SHOWN: usize = 20;

#[derive(Serialize)]
struct Difference {
    request: String,
    field: String,
    expected: String,
    got: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<Difference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl From<Verdict> for Finding {
    fn from(verdict: Verdict) -> Self {
        let word = verdict.word();
        let (differences, why) = match verdict {
            Verdict::Agrees => (Vec::new(), None),
            Verdict::NotTried(why) => (Vec::new(), Some(why)),
            Verdict::Differs(mismatches) => {
                let differences = mismatches.into_iter().map(|it| Difference {
                    request: it.request,
                    field: it.field,
                    expected: it.expected,
                    got: it.got,
                });
                (differences.collect(), None)
            }
        };
        Self {
            verdict: word,
            differences,
            why,
        }
    }
}

#[derive(Serialize)]
struct Recorded {
    file: String,
    exchanges: usize,
    differing: Vec<String>,
}

#[derive(Serialize)]
struct Left {
    kind: &'static str,
    name: String,
    why: String,
    command: String,
}

impl From<Leftover> for Left {
    fn from(left: Leftover) -> Self {
        Self {
            kind: left.thing.kind.title(),
            name: left.thing.name,
            why: left.why,
            command: left.command,
        }
    }
}

/// The answer of the command.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    api_version: &'static str,
    rules: BTreeMap<&'static str, Finding>,
    recording: Recorded,
    leftovers: Vec<Left>,
}

impl Outcome {
    pub(super) fn new(session: &Session<'_>, replayed: Replayed, left: Vec<Leftover>) -> Self {
        let verdicts = session.verdicts().into_iter();
        Self {
            api_version: API_VERSION,
            rules: verdicts
                .map(|(rule, verdict)| (rule, verdict.into()))
                .collect(),
            recording: Recorded {
                file: replayed.path.display().to_string(),
                exchanges: replayed.exchanges,
                differing: replayed.differing,
            },
            leftovers: left.into_iter().map(Left::from).collect(),
        }
    }

    fn count(&self, verdict: &str) -> usize {
        let with = self.rules.values();
        with.filter(|finding| finding.verdict == verdict).count()
    }

    pub(super) fn exit_code(&self) -> u8 {
        match (
            self.leftovers.is_empty(),
            self.count("agrees") == self.rules.len(),
        ) {
            (false, _) => 6,
            (true, false) => 1,
            (true, true) => 0,
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (rule, finding) in &self.rules {
            let colour = match finding.verdict {
                "agrees" => GOOD,
                "differs" => BAD,
                _ => DIM,
            };
            let _ = writeln!(text, "{colour}{:<9}{colour:#} {rule}", finding.verdict);
            for it in &finding.differences {
                let Difference {
                    field, expected, ..
                } = it;
                let (got, request) = (in_a_line(&it.got), in_a_line(&it.request));
                let _ = writeln!(
                    text,
                    "          {field}: expected {expected}, got {got}\n          {DIM}{request}{DIM:#}"
                );
            }
            if let Some(why) = &finding.why {
                let _ = writeln!(text, "          {}", in_a_line(why));
            }
        }
        let _ = writeln!(
            text,
            "\n{BOLD}{} agree, {} differ, {} not tried.{BOLD:#}",
            self.count("agrees"),
            self.count("differs"),
            self.count("not tried")
        );
        let Recorded {
            file,
            exchanges,
            differing,
        } = &self.recording;
        let _ = writeln!(
            text,
            "Recorded {} in {}; the emulator answers {} of them otherwise.",
            plural(*exchanges, "exchange", "exchanges"),
            in_a_line(file),
            differing.len()
        );
        for line in differing.iter().take(SHOWN) {
            let _ = writeln!(text, "  {}", line.replace('\n', "\n  "));
        }
        if differing.len() > SHOWN {
            let _ = writeln!(
                text,
                "  ... and {} more: -o json shows all",
                differing.len() - SHOWN
            );
        }
        text + &left_text(&self.leftovers)
    }
}

fn left_text(left: &[Left]) -> String {
    if left.is_empty() {
        return "Everything that was made is gone.\n".to_owned();
    }
    let mut text = format!(
        "{BAD}{} could not be deleted:{BAD:#}\n",
        plural(left.len(), "thing", "things")
    );
    for it in left {
        let _ = writeln!(
            text,
            "  {} {}: {}\n    {}",
            it.kind,
            in_a_line(&it.name),
            in_a_line(&it.why),
            in_a_line(&it.command)
        );
    }
    text
}

/// The same about a clean-up alone.
pub(super) fn leftovers(left: Vec<Leftover>) -> String {
    let left: Vec<Left> = left.into_iter().map(Left::from).collect();
    left_text(&left)
}
