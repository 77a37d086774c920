//! Declarations become links, or findings.
//!
//! First the schema runs, with the very rules that a server enforces; then what it cannot say of
//! one declaration; then what can only be seen of several. Everything wrong is found in one go, and
//! a declaration that is wrong never stops another.

mod alone;
mod resolve;
mod together;
mod violation;

use std::collections::{BTreeMap, BTreeSet};

use privatelink_crds::schema::Rules;

use crate::codes::Code;
use crate::declare::Declared;
use crate::diagnostic::Diagnostic;
use crate::ids::LinkName;
use crate::link::Link;

pub use crate::near::is_near;
pub use violation::diagnose_all;

/// What became of the declarations.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "a finding that nobody reads helps nobody"]
pub struct Validated {
    /// The links that are right, by name.
    pub links: Vec<Link>,
    /// The declarations that are wrong: they are known, so what they have is kept.
    pub broken: Vec<LinkName>,
    /// Everything that was found, errors first.
    pub diagnostics: Vec<Diagnostic>,
}

/// Turns declarations into links.
pub fn validate(declared: &[Declared]) -> Validated {
    let rules = Rules::new();
    let mut links: BTreeMap<LinkName, Link> = BTreeMap::new();
    let mut broken: BTreeSet<LinkName> = BTreeSet::new();
    let mut diagnostics = repeated_names(declared, &mut broken);
    let repeated = broken.clone();
    for declaration in declared {
        let findings = match read(&rules, declaration) {
            Ok((link, findings)) => {
                links.insert(link.name.clone(), link);
                findings
            }
            Err(findings) => findings,
        };
        if findings.iter().any(Diagnostic::is_error) {
            broken.insert(declaration.name.clone());
        }
        diagnostics.extend(findings);
    }
    // Of two with one name it cannot be known which is meant.
    links.retain(|name, _| !repeated.contains(name));
    let mut findings = of_the_wrong(&links, &broken);
    links.retain(|name, _| !broken.contains(name));
    findings.extend(together::check(&links));
    broken.extend(
        findings
            .iter()
            .filter(|found| found.is_error())
            .filter_map(|d| d.link.clone()),
    );
    links.retain(|name, _| !broken.contains(name));
    diagnostics.extend(findings);
    diagnostics.sort();
    diagnostics.dedup();
    Validated {
        links: links.into_values().collect(),
        broken: broken.into_iter().collect(),
        diagnostics,
    }
}

/// What else is wrong, among all links, with those that are wrong already. The others hear nothing of these: what is
/// wrong stands in nobody's way.
fn of_the_wrong(links: &BTreeMap<LinkName, Link>, broken: &BTreeSet<LinkName>) -> Vec<Diagnostic> {
    if !links.keys().any(|name| broken.contains(name)) {
        return Vec::new();
    }
    let mut findings = together::check(links);
    findings.retain(|found| {
        found
            .link
            .as_ref()
            .is_some_and(|name| broken.contains(name))
    });
    findings
}

/// One declaration on its own: a link and what is worth saying about it, or what is wrong.
fn read(rules: &Rules, declared: &Declared) -> Result<(Link, Vec<Diagnostic>), Vec<Diagnostic>> {
    let value = serde_json::to_value(&declared.spec).unwrap_or_default();
    let violations = rules.check(value, None);
    if !violations.is_empty() {
        return Err(diagnose_all(
            &violations,
            &declared.origin,
            Some(&declared.name),
        ));
    }
    let link = resolve::link(declared).map_err(|found| vec![found])?;
    let findings = alone::check(&link);
    Ok((link, findings))
}

/// Of two declarations with one name none is right: which one is meant cannot be known.
fn repeated_names(declared: &[Declared], broken: &mut BTreeSet<LinkName>) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&LinkName, &Declared> = BTreeMap::new();
    let mut findings = Vec::new();
    for declaration in declared {
        match first.get(&declaration.name) {
            None => {
                first.insert(&declaration.name, declaration);
            }
            Some(earlier) => {
                broken.insert(declaration.name.clone());
                let message = format!(
                    "`{}` is declared twice, first at {}",
                    declaration.name, earlier.origin
                );
                findings.push(
                    Diagnostic::new(Code::DuplicateName, declaration.origin.clone(), message)
                        .link(&declaration.name)
                        .field("metadata.name")
                        .help("give one of them another name or namespace; until then neither is acted on"),
                );
            }
        }
    }
    findings
}
