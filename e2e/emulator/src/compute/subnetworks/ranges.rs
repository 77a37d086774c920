//! Address ranges: which ones a subnetwork may have, and which ones a network has already given away.

use ipnet::Ipv4Net;
use serde_json::Value;

use crate::call::Api;
use crate::compute::{collection_of, name_of, project_of, refers};
use crate::engine::Engine;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(crate) static INVALID: Rule = Rule::guessed(
    "compute.range.invalid",
    "text unrecorded",
    "A range is an IPv4 CIDR whose bits after the prefix are zero.",
);
pub(crate) static LENGTH: Rule = Rule::documented(
    "compute.subnetwork.range.length",
    "docs/reference/google-cloud.md#subnetwork-ranges",
    "A subnetwork's prefix is between /4 and /29; a proxy-only one's is /26 or shorter.",
);
pub(crate) static PROHIBITED: Rule = Rule::documented(
    "compute.subnetwork.range.prohibited",
    "docs/reference/google-cloud.md#subnetwork-ranges",
    "Loopback, link-local, multicast and Google's own ranges cannot be a subnetwork's.",
);
pub(crate) static AUTO_MODE: Rule = Rule::documented(
    "compute.subnetwork.range.auto-mode",
    "docs/reference/google-cloud.md#subnetwork-ranges",
    "A subnetwork added to an auto mode network must stay out of 10.128.0.0/9.",
);
pub(crate) static OVERLAP: Rule = Rule::guessed(
    "compute.subnetwork.range.overlap",
    "docs/reference/google-cloud.md#subnetwork-ranges",
    "Ranges in one network do not overlap; an insert that would make them fails as an operation.",
);

/// The ranges that auto mode networks give to their own subnetworks.
pub(crate) const AUTOMATIC: &str = "10.128.0.0/9";

/// What no subnetwork may touch.
const RESERVED: &[&str] = &[
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "199.36.153.4/30",
    "199.36.153.8/30",
    "224.0.0.0/4",
];

/// A range without host bits.
pub(crate) fn parse(text: &str) -> Option<Ipv4Net> {
    let range: Ipv4Net = text.parse().ok()?;
    (range.addr() == range.network()).then_some(range)
}

pub(crate) fn overlaps(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// The ranges of a subnetwork, secondary ones included, each with the name of its field.
pub(crate) fn of(subnetwork: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value["ipCidrRange"].as_str().map(str::to_owned);
    let primary = text(subnetwork).map(|range| ("resource.ipCidrRange".to_owned(), range));
    let secondary = subnetwork["secondaryIpRanges"].as_array();
    let secondary = secondary.into_iter().flatten().enumerate();
    let secondary = secondary.filter_map(|(index, range)| {
        let field = format!("resource.secondaryIpRanges[{index}].ipCidrRange");
        Some((field, text(range)?))
    });
    primary.into_iter().chain(secondary).collect()
}

/// Refuses a subnetwork whose ranges cannot be, wherever it is.
pub(crate) fn check(engine: &Engine, network: &Value, subnetwork: &Value) -> Result<(), Refusal> {
    let proxy = super::is_proxy_only(subnetwork);
    for (field, text) in of(subnetwork) {
        let refusal = |why: &str| ErrorAnswer::invalid_field(&field, &text, why);
        let range = parse(&text);
        engine.refuse_if(&INVALID, range.is_none(), || {
            refusal("Must be an IPv4 CIDR range without host bits.")
        })?;
        let Some(range) = range else { continue };
        let length = range.prefix_len();
        let shortest = if proxy { 26 } else { 29 };
        engine.refuse_if(&LENGTH, !(4..=shortest).contains(&length), || {
            refusal(&format!(
                "The prefix length must be between 4 and {shortest}."
            ))
        })?;
        let touches = |other: &&str| parse(other).is_some_and(|other| overlaps(range, other));
        engine.refuse_if(&PROHIBITED, RESERVED.iter().any(touches), || {
            refusal("The range overlaps a range that is reserved.")
        })?;
        let extends = network["autoCreateSubnetworks"] == true && touches(&AUTOMATIC);
        engine.refuse_if(&AUTO_MODE, extends, || {
            refusal(
                "Extended subnetworks in auto subnet mode networks cannot overlap with 10.128.0.0/9",
            )
        })?;
    }
    Ok(())
}

/// The first of a subnetwork's ranges that is taken: its field, and the sentence that says by whom. Whether that is
/// minded is the caller's affair.
pub(crate) fn conflict(
    engine: &Engine,
    network: &str,
    subnetwork: &Value,
    except: Option<&str>,
) -> Option<(String, String)> {
    let mut own: Vec<Ipv4Net> = Vec::new();
    for (field, text) in of(subnetwork) {
        let Some(range) = parse(&text) else { continue };
        let taker = if own.iter().any(|other| overlaps(*other, range)) {
            subnetwork["selfLink"].as_str().map(str::to_owned)
        } else {
            overlap(engine, network, range, except)
        };
        if let Some(taker) = taker {
            let region = taker.split('/').rev().nth(2).unwrap_or_default();
            let sentence = format!(
                "Invalid IPCidrRange: {text} conflicts with existing subnetwork '{}' in region '{region}'.",
                name_of(&taker)
            );
            return Some((field, sentence));
        }
        own.push(range);
    }
    None
}

/// The path of a subnetwork, or of a connector with a hidden range, in `network` whose addresses
/// overlap with `range`; `except` is left out.
pub(crate) fn overlap(
    engine: &Engine,
    network: &str,
    range: Ipv4Net,
    except: Option<&str>,
) -> Option<String> {
    let project = format!("projects/{}/", project_of(network));
    let touches = |text: &str| parse(text).is_some_and(|other| overlaps(range, other));
    let subnetwork = engine
        .store
        .within(Api::Compute, &project)
        .filter(|(path, value)| {
            collection_of(path) == "subnetworks" && refers(value, "network", network)
        })
        .filter(|(path, _)| Some(*path) != except)
        .find(|(_, value)| of(value).iter().any(|(_, text)| touches(text)));
    let hidden = || {
        engine
            .store
            .within(Api::VpcAccess, &project)
            .filter(|(path, value)| value["network"] == name_of(network) && Some(*path) != except)
            .find(|(_, value)| value["ipCidrRange"].as_str().is_some_and(touches))
    };
    subnetwork.or_else(hidden).map(|(path, _)| path.to_owned())
}
