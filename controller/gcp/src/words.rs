//! Google's words, made safe to print and searched for what they name.

use std::error::Error;

use serde_json::Value;

use crate::redact::without_secrets;

/// Longest text of Google's that we repeat, in characters.
const LONGEST: usize = 600;

/// One line of Google's text without anything that could steer a terminal or give a token away.
pub(crate) fn neutral(text: &str) -> String {
    // Before anything is cut, which could leave a part of a secret that is no longer seen as one.
    let text = without_secrets(text);
    let printable: String = text
        .chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            // Marks that reorder what follows could make a message read differently from what it says.
            '\u{200e}'
            | '\u{200f}'
            | '\u{061c}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .take(LONGEST)
        .collect();
    let words: Vec<&str> = printable.split_whitespace().collect();
    let mut line = words.join(" ");
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

/// Why no access token could be had: what the server of tokens said, or else the first cause. The layers
/// between say the same thing several times over.
pub(crate) fn token_failure(error: &(dyn Error + 'static)) -> String {
    let mut chain = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(next) = cause {
        chain.push(next.to_string());
        cause = next.source();
    }
    let answer = chain.iter().find_map(|text| {
        let body = text.split_once("body=<")?.1.split_once('>')?.0;
        let body: Value = serde_json::from_str(body).ok()?;
        ["error_description", "error"]
            .iter()
            .find_map(|field| body[field].as_str().map(str::to_owned))
    });
    neutral(&answer.or_else(|| chain.last().cloned()).unwrap_or_default())
}

/// The words between quotation marks of any kind, in order.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\'', '"', '`']).skip(1).step_by(2)
}

/// The permission that a refusal names, such as `compute.routers.get`.
pub(crate) fn permission(text: &str) -> Option<&str> {
    let bare = text
        .split([' ', ',', ';', '(', ')'])
        .map(|word| word.trim_end_matches(['.', ':']));
    quoted(text).chain(bare).find(|word| {
        let mut parts = word.split('.');
        let first_is_lower = parts
            .next()
            .is_some_and(|part| part.chars().all(|c| c.is_ascii_lowercase()));
        let rest: Vec<&str> = parts.collect();
        first_is_lower
            && rest.len() >= 2
            && rest.last() != Some(&"com")
            && rest
                .iter()
                .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphabetic()))
            && rest
                .last()
                .is_some_and(|part| part.starts_with(|c: char| c.is_ascii_lowercase()))
    })
}

/// The organisation policy constraint that a refusal names, such as `constraints/run.allowedIngress`.
pub(crate) fn constraint(text: &str) -> Option<&str> {
    let start = text.find("constraints/")?;
    let end = |c: char| !(c.is_ascii_alphanumeric() || "./_-".contains(c));
    text[start..]
        .split(end)
        .next()
        .map(|name| name.trim_end_matches(['.', '/']))
        .filter(|name| name.len() > 12)
}

/// The service account that a refusal names.
pub(crate) fn service_account(text: &str) -> Option<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "@.-_".contains(c)))
        .map(|word| word.trim_end_matches('.'))
        .find(|word| word.contains('@') && word.ends_with(".gserviceaccount.com"))
}

/// Is it the region itself that a refusal names, rather than something in it: `locations/europe-west1`,
/// `location europe-west1`?
pub(crate) fn names_region(text: &str, region: &str) -> bool {
    text.match_indices(region).any(|(at, _)| {
        let before = text[..at]
            .trim_end_matches(['\'', '"', ' '])
            .to_ascii_lowercase();
        let after = &text[at + region.len()..];
        ["location", "locations/", "region", "regions/"]
            .iter()
            .any(|word| before.ends_with(word))
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || "/-_".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_told_from_what_is_in_it() {
        for text in [
            "Permission denied on 'locations/europe-wst1' (or it may not exist).",
            "Permission 'run.services.list' denied on resource 'projects/p/locations/europe-wst1'",
            "Location europe-wst1 is not found or access is unauthorized.",
            "The resource 'projects/p/regions/europe-wst1' was not found",
        ] {
            assert!(names_region(text, "europe-wst1"), "{text}");
        }
        for text in [
            "Permission denied on 'projects/p/locations/europe-wst1/services/s'",
            "Permission denied on 'locations/europe-wst10'",
            "Permission denied on 'subnetworks/pl-europe-wst1'",
        ] {
            assert!(!names_region(text, "europe-wst1"), "{text}");
        }
    }

    #[test]
    fn nothing_steers_the_terminal_and_no_token_is_repeated() {
        assert_eq!(
            neutral("a\u{1b}[31mb\nc\u{202e}d"),
            "a\u{fffd}[31mb c\u{fffd}d"
        );
        assert_eq!(
            neutral("sent Bearer ya29.a0AfH6SMBxyzxyzxyzxyzxyz to"),
            "sent [token] to"
        );
        assert_eq!(neutral(&"x".repeat(700)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_permission_is_found_in_every_api_s_way_of_saying_it() {
        for (text, found) in [
            (
                "Required 'compute.routers.get' permission for 'projects/p/regions/r/routers/x'",
                "compute.routers.get",
            ),
            (
                "Permission 'run.services.get' denied on resource 'namespaces/p/services/s'",
                "run.services.get",
            ),
            (
                "Permission \"vpcaccess.connectors.list\" denied on resource",
                "vpcaccess.connectors.list",
            ),
            (
                "caller lacks compute.subnetworks.use.",
                "compute.subnetworks.use",
            ),
        ] {
            assert_eq!(permission(text), Some(found));
        }
        assert_eq!(permission("The caller does not have permission"), None);
        assert_eq!(
            permission("see www.example.com or run.googleapis.com"),
            None
        );
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Self>>);

    #[test]
    fn a_missing_token_is_explained_by_its_server_or_by_the_first_cause() {
        let refused = Layer("connection refused", None);
        let outer = Layer("cannot fetch a token", Some(Box::new(refused)));
        assert_eq!(token_failure(&outer), "connection refused");
        let body = r#"failed, body=<{"error":"invalid_grant","error_description":"Token has been revoked."}> and"#;
        let outer = Layer(body, Some(Box::new(Layer("HTTP status 400", None))));
        assert_eq!(token_failure(&outer), "Token has been revoked.");
    }

    #[test]
    fn constraints_and_service_accounts_are_found() {
        let text =
            "Constraint constraints/compute.restrictSharedVpcSubnetworks violated for projects/p.";
        assert_eq!(
            constraint(text),
            Some("constraints/compute.restrictSharedVpcSubnetworks")
        );
        let text = "denied on service account run@acme-prod.iam.gserviceaccount.com (or it may not exist).";
        assert_eq!(
            service_account(text),
            Some("run@acme-prod.iam.gserviceaccount.com")
        );
    }
}
