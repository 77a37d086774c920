//! What is refused of a NAT because of other NATs in the network and region.

use serde_json::Value;

use crate::compute::routers::nats::{self, Part, items, parts};
use crate::compute::{self, is_link, refers};
use crate::engine::Engine;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(super) static EXCLUSIVE: Rule = Rule::documented(
    "compute.nat.all-subnetworks.exclusive",
    "docs/reference/google-cloud.md#nat-sources",
    "Beside a NAT for all ranges of all subnetworks there is no other in the network and region.",
);
pub(super) static RANGE_TAKEN: Rule = Rule::documented(
    "compute.nat.range.taken",
    "docs/reference/google-cloud.md#nat-sources",
    "A subnetwork range has at most one NAT.",
);
pub(super) static ADDRESS_TAKEN: Rule = Rule::guessed(
    "compute.nat.addresses.taken",
    "the text follows the other in-use refusals",
    "An address serves at most one NAT.",
);

const ALL: &str = "ALL_SUBNETWORKS_ALL_IP_RANGES";
const ALL_PRIMARY: &str = "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES";

/// Compares the NATs of `router`, completed, with each other and with those of other routers.
pub(super) fn check(
    engine: &Engine,
    path: &str,
    router: &Value,
    old: &Value,
) -> Result<(), Refusal> {
    let network = router["network"].as_str().unwrap_or_default();
    let network = compute::path_in(compute::project_of(path), network);
    let others: Vec<(&str, &Value)> = nats::routers_beside(engine, path)
        .into_iter()
        .filter(|(other, value)| *other != path && refers(value, "network", &network))
        .flat_map(|(other, value)| nats::of(value).iter().map(move |nat| (other, nat)))
        .collect();
    let own = nats::of(router);
    let known = |nat: &Value| nats::of(old).iter().any(|old| old["name"] == nat["name"]);
    for (index, nat) in own.iter().enumerate() {
        // Of two NATs of one router the newer one is in the wrong.
        let older = |(place, sibling): &(usize, &Value)| match (known(sibling), known(nat)) {
            (true, false) => true,
            (false, true) => false,
            (true, true) | (false, false) => *place < index,
        };
        let siblings = own.iter().enumerate().filter(older);
        let siblings = siblings.map(|(_, sibling)| (path, sibling));
        for (owner, other) in others.iter().copied().chain(siblings) {
            check_pair(engine, index, nat, owner, other)?;
        }
    }
    Ok(())
}

fn check_pair(
    engine: &Engine,
    index: usize,
    nat: &Value,
    owner: &str,
    other: &Value,
) -> Result<(), Refusal> {
    let at = format!("resource.nats[{index}]");
    let addresses = items(nat, "natIps").iter().filter_map(Value::as_str);
    for link in addresses {
        let path = compute::path_in(compute::project_of(owner), link);
        let taken = nats::uses(other, &path);
        engine.refuse_if(&ADDRESS_TAKEN, taken, || {
            compute::in_use("address", &path, owner)
        })?;
    }
    if !compete(nat, other) {
        return Ok(());
    }
    let option = nat["sourceSubnetworkIpRangesToNat"]
        .as_str()
        .unwrap_or_default();
    let present = other["sourceSubnetworkIpRangesToNat"]
        .as_str()
        .unwrap_or_default();
    let exclusive = option == ALL || present == ALL;
    engine.refuse_if(&EXCLUSIVE, exclusive, || {
        let field = format!("{at}.sourceSubnetworkIpRangesToNat");
        let why = if present == ALL {
            format!("Can not create new Nats since a Nat with option {ALL} exists.")
        } else {
            format!("Can not create a Nat with option {ALL} since other Nats exist.")
        };
        ErrorAnswer::invalid_field(&field, option, &why)
    })?;
    for (field, configured) in shared(nat, other) {
        engine.refuse_if(&RANGE_TAKEN, true, || {
            let why = format!(
                "The subnetwork is already configured with {configured} for Nat which conflicts with the specified IpRangeToNatOption options in this Nat."
            );
            ErrorAnswer::invalid_field(&format!("{at}.{field}"), "", &why)
        })?;
    }
    Ok(())
}

/// True for two public NATs with an endpoint type in common.
fn compete(nat: &Value, other: &Value) -> bool {
    let public = |nat: &Value| nat["type"] != "PRIVATE";
    let types = items(other, "endpointTypes");
    public(nat)
        && public(other)
        && items(nat, "endpointTypes")
            .iter()
            .any(|it| types.contains(it))
}

/// The fields of `nat` that claim a range which `other` has, and the option by which it has it.
fn shared(nat: &Value, other: &Value) -> Vec<(String, &'static str)> {
    let all_primary = |nat: &Value| nat["sourceSubnetworkIpRangesToNat"] == ALL_PRIMARY;
    let primary = |listed: &Value| {
        let parts = parts(listed);
        parts.contains(&Part::All) || parts.contains(&Part::Primary)
    };
    if all_primary(nat) {
        let taken = all_primary(other) || items(other, "subnetworks").iter().any(primary);
        let field = "sourceSubnetworkIpRangesToNat".to_owned();
        return if taken {
            vec![(field, "PRIMARY_IP_RANGE")]
        } else {
            Vec::new()
        };
    }
    let mut fields = Vec::new();
    for (index, listed) in items(nat, "subnetworks").iter().enumerate() {
        let by_option = (all_primary(other) && primary(listed)).then_some("PRIMARY_IP_RANGE");
        let by_list = items(other, "subnetworks")
            .iter()
            .filter(|theirs| same_subnetwork(listed, theirs))
            .find_map(|theirs| taken_part(listed, theirs));
        if let Some(configured) = by_option.or(by_list) {
            fields.push((
                format!("subnetworks[{index}].sourceIpRangesToNat"),
                configured,
            ));
        }
    }
    fields
}

fn same_subnetwork(one: &Value, other: &Value) -> bool {
    let (one, other) = (one["name"].as_str(), other["name"].as_str());
    one == other
        || one
            .zip(other)
            .is_some_and(|(one, other)| is_link(one, other))
}

/// The option of `theirs` that takes a part of the subnetwork that `ours` wants.
fn taken_part(ours: &Value, theirs: &Value) -> Option<&'static str> {
    let (ours, theirs) = (parts(ours), parts(theirs));
    let wanted_all = ours.contains(&Part::All);
    theirs
        .iter()
        .find(|part| wanted_all || **part == Part::All || ours.contains(part))
        .map(|part| match part {
            Part::All => "ALL_IP_RANGES",
            Part::Primary => "PRIMARY_IP_RANGE",
            Part::Secondary(_) => "LIST_OF_SECONDARY_IP_RANGES",
        })
}
