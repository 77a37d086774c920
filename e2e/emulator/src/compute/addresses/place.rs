//! Which value an address has: the one that was asked for, if it can be had, or one that is free.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::call::Api;
use crate::compute;
use crate::compute::project_of;
use crate::compute::subnetworks::ranges;
use crate::engine::{Engine, compute_scope};
use crate::identity;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(super) static OUTSIDE: Rule = Rule::documented(
    "compute.address.outside",
    "docs/reference/google-cloud.md#address-defaults; text unrecorded",
    "An internal address is in its subnetwork's range, and not one of the four that are kept back.",
);
pub(super) static TAKEN: Rule = Rule::guessed(
    "compute.address.taken",
    "text unrecorded",
    "An address that another resource holds in the same subnetwork cannot be reserved.",
);

/// Refuses an address that was asked for and cannot be had.
pub(super) fn check(engine: &Engine, path: &str, address: &Value) -> Result<(), Refusal> {
    let Some(text) = address["address"].as_str() else {
        return Ok(());
    };
    let field = "resource.address";
    let wanted: Option<Ipv4Addr> = text.parse().ok();
    let inside = wanted.is_some_and(|wanted| hosts(engine, path, address).any(|it| it == wanted));
    let outside = address.get("subnetwork").is_some() && !inside;
    engine.refuse_if(&OUTSIDE, outside, || {
        let why = "The address is not one of the subnetwork's usable addresses.";
        ErrorAnswer::invalid_field(field, text, why)
    })?;
    engine.refuse_if(&TAKEN, is_taken(engine, path, address, text), || {
        ErrorAnswer::invalid_field(field, text, "Specified IP address is already reserved.")
    })
}

/// The addresses of a subnetwork without the first two and the last two, which nobody can have.
fn hosts(engine: &Engine, path: &str, address: &Value) -> impl Iterator<Item = Ipv4Addr> + use<> {
    let subnetwork = address["subnetwork"].as_str().unwrap_or_default();
    let subnetwork = compute::path_in(project_of(path), subnetwork);
    let range = engine
        .store
        .get(Api::Compute, &subnetwork)
        .and_then(|subnetwork| ranges::parse(subnetwork["ipCidrRange"].as_str()?));
    let mut hosts = range
        .map(|range| range.hosts().skip(1))
        .into_iter()
        .flatten()
        .peekable();
    // `hosts` leaves out the first and the last address; the one before the last is kept back too.
    std::iter::from_fn(move || {
        let host = hosts.next()?;
        hosts.peek().is_some().then_some(host)
    })
}

/// True if another address in the same place has this value.
fn is_taken(engine: &Engine, path: &str, address: &Value, text: &str) -> bool {
    let within = format!("{}/addresses/", compute_scope(path));
    engine
        .store
        .within(Api::Compute, &within)
        .filter(|(other, _)| *other != path)
        .any(|(_, other)| other["address"] == text && other["subnetwork"] == address["subnetwork"])
}

/// A free address: the lowest one in the subnetwork, or one made from the path.
pub(super) fn allocate(engine: &Engine, path: &str, address: &Value) -> String {
    let free = |text: &String| !is_taken(engine, path, address, text);
    if address.get("subnetwork").is_some() {
        let mut hosts = hosts(engine, path, address).map(|host| host.to_string());
        return hosts.find(free).unwrap_or_default();
    }
    let first = if address["addressType"] == "INTERNAL" {
        10
    } else {
        34
    };
    let candidate = |attempt: u32| {
        let hex = identity::hex(&["address", path, &attempt.to_string()], 6);
        let low = u32::from_str_radix(&hex, 16).unwrap_or_default();
        Ipv4Addr::from(first << 24 | low).to_string()
    };
    (0..1000).map(candidate).find(free).unwrap_or_default()
}
