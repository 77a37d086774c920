//! `validate`: read and check, offline.

use std::collections::BTreeSet;

use clap::Args;
use privatelink_core::diagnostic::Diagnostic;
use privatelink_core::ids::LinkName;
use privatelink_core::plan::Summary;
use privatelink_core::report::{API_VERSION, ScopeReport};
use serde::Serialize;

use super::options::{Declarations, Global};
use super::{Failure, HELP};
use crate::render::{Output, plural};
use crate::turn::Declared;

const EXAMPLES: &str = "\
Examples:
  privatelink validate links/               a directory with everything below it
  kustomize build . | privatelink validate -
";

/// Check declarations, offline.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    declarations: Declarations,
}

/// The document of every command, with nothing asked of the cloud.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    api_version: &'static str,
    scope: ScopeReport,
    summary: Summary,
    steps: [(); 0],
    links: Vec<CheckedLink>,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Serialize)]
struct CheckedLink {
    name: LinkName,
    state: CheckedState,
}

#[derive(Serialize)]
enum CheckedState {
    Valid,
    Invalid,
    Conflicting,
}

impl Arguments {
    pub(super) fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        let mut declared = Declared::read(&self.declarations.paths);
        let conflicting = declared.compare(&global.installation());
        let Declared {
            wishes,
            diagnostics,
            documents,
            sources: _,
        } = declared;
        output.diagnostics(&diagnostics);
        let valid = wishes.links.len() - conflicting.len();
        let broken = documents.saturating_sub(valid);
        let wrong = diagnostics.iter().any(Diagnostic::is_error);
        let valid_links = wishes.links.iter().map(|link| CheckedLink {
            name: link.name.clone(),
            state: if conflicting.contains(&link.name) {
                CheckedState::Conflicting
            } else {
                CheckedState::Valid
            },
        });
        let broken_links = wishes.broken.iter().map(|name| CheckedLink {
            name: name.clone(),
            state: CheckedState::Invalid,
        });
        let document = Checked {
            api_version: API_VERSION,
            scope: ScopeReport {
                projects: BTreeSet::new(),
                regions: BTreeSet::new(),
                unreadable: Vec::new(),
            },
            summary: Summary::default(),
            steps: [],
            links: valid_links.chain(broken_links).collect(),
            diagnostics,
        };
        output.document(&document, || match broken {
            // What is wrong has been said.
            _ if output.quiet => String::new(),
            0 => format!(
                "{} valid.\n",
                plural(valid, "declaration is", "declarations are")
            ),
            _ => format!(
                "{} valid, {broken} not.\n",
                plural(valid, "declaration is", "declarations are")
            ),
        })?;
        Ok(u8::from(wrong))
    }
}
