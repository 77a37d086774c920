//! `codes`: what a diagnostic means.

use std::fmt::Write as _;

use clap::Args;
use privatelink_core::codes::Code;
use privatelink_core::diagnostic::Severity;
use serde::Serialize;

use super::{Failure, HELP};
use crate::render::Output;

const EXAMPLES: &str = "\
Examples:
  privatelink codes                         all of them
  privatelink codes PL0012                  the page of one
";

/// Explain diagnostic codes.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The code to explain; all are listed when left out.
    #[arg(value_name = "CODE")]
    code: Option<Code>,
}

#[derive(Serialize)]
struct Entry {
    code: Code,
    severity: Severity,
    title: &'static str,
}

#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    entry: Entry,
    page: &'static str,
}

impl Page {
    fn of(code: Code) -> Self {
        Self {
            entry: Entry::of(code),
            page: code.page(),
        }
    }
}

impl Entry {
    fn of(code: Code) -> Self {
        Self {
            code,
            severity: code.severity(),
            title: code.title(),
        }
    }
}

impl Arguments {
    pub(super) fn run(&self, output: Output) -> Result<u8, Failure> {
        match self.code {
            Some(code) => output.document(&Page::of(code), || code.page().to_owned())?,
            None => output.document(&entries(), list)?,
        }
        Ok(0)
    }
}

fn entries() -> Vec<Entry> {
    Code::ALL.iter().copied().map(Entry::of).collect()
}

fn list() -> String {
    let mut text = String::new();
    for Entry {
        code,
        severity,
        title,
    } in entries()
    {
        let _ = writeln!(text, "{code}  {severity:<7}  {title}");
    }
    text
}
