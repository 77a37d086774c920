//! What is refused of a NAT by itself.

use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::compute::routers::nats::{self, items};
use crate::compute::{self, is_link, region_of};
use crate::engine::Engine;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(super) static DUPLICATE: Rule = Rule::guessed(
    "compute.nat.name.duplicate",
    "text unrecorded",
    "The NATs of a router have different names.",
);
pub(super) static PER_ROUTER: Rule = Rule::documented(
    "compute.nat.limit.per-router",
    "docs/reference/google-cloud.md#nat-limits; text unrecorded",
    "A router has at most 50 NATs.",
);
pub(super) static SUBNETWORKS: Rule = Rule::documented(
    "compute.nat.limit.subnetworks",
    "docs/reference/google-cloud.md#nat-limits; text unrecorded",
    "A NAT lists at most 50 subnetwork ranges.",
);
pub(super) static LIST: Rule = Rule::documented(
    "compute.nat.subnetworks.list",
    "docs/reference/google-cloud.md#nat-sources; text unrecorded",
    "A NAT lists subnetworks if, and only if, its option is LIST_OF_SUBNETWORKS.",
);
pub(super) static ADDRESSES: Rule = Rule::documented(
    "compute.nat.addresses.option",
    "docs/reference/google-cloud.md#nat-addresses; text unrecorded",
    "MANUAL_ONLY needs natIps, AUTO_ONLY admits neither natIps nor drainNatIps.",
);
pub(super) static ADDRESS_KIND: Rule = Rule::documented(
    "compute.nat.addresses.kind",
    "docs/reference/google-cloud.md#nat-addresses; text unrecorded",
    "A NAT's addresses are external ones of its region.",
);
pub(super) static DRAIN: Rule = Rule::documented(
    "compute.nat.addresses.drain",
    "docs/reference/google-cloud.md#nat-addresses; text unrecorded",
    "Only an address that the NAT had can be drained, and not while it is in natIps.",
);
pub(super) static PLACE: Rule = Rule::documented(
    "compute.nat.subnetworks.place",
    "docs/reference/google-cloud.md#nat-sources; text unrecorded",
    "A NAT's subnetworks are of its router's network and region.",
);
pub(super) static RANGE_NAMES: Rule = Rule::documented(
    "compute.nat.subnetworks.range-names",
    "docs/reference/google-cloud.md#nat-sources; text unrecorded",
    "secondaryIpRangeNames goes with LIST_OF_SECONDARY_IP_RANGES and names ranges that there are.",
);
pub(super) static MAPPING: Rule = Rule::documented(
    "compute.nat.ports.mapping",
    "docs/reference/google-cloud.md#nat-ports; text unrecorded",
    "Dynamic port allocation and endpoint-independent mapping exclude each other.",
);
pub(super) static PORTS: Rule = Rule::documented(
    "compute.nat.ports.dynamic",
    "docs/reference/google-cloud.md#nat-ports; text unrecorded",
    "With dynamic allocation, minPortsPerVm and maxPortsPerVm are powers of two, 32 or more, min below max.",
);
pub(super) static IMMUTABLE: Rule = Rule::documented(
    "compute.nat.immutable",
    "docs/reference/google-cloud.md#nat-changes; text unrecorded",
    "A NAT's type and endpointTypes cannot be changed.",
);

pub(super) const ODD_LIST: &str =
    "LIST_OF_SUBNETWORKS, and it alone, goes with a list of subnetworks.";

/// True for a NAT that lists subnetworks although its option says otherwise, or that lists none although it should.
pub(super) fn is_odd_list(nat: &Value) -> bool {
    let lists = nat["sourceSubnetworkIpRangesToNat"] == "LIST_OF_SUBNETWORKS";
    lists == items(nat, "subnetworks").is_empty() && nat["type"] != "PRIVATE"
}

/// A NAT of the request, and what its refusals need to know.
struct Candidate<'a> {
    engine: &'a Engine,
    call: &'a Call,
    router_path: &'a str,
    network: &'a str,
    /// The field that holds it, as error texts call it: `nats[0]`.
    at: String,
    nat: &'a Value,
    /// The NAT of this name as it is now.
    old: &'a Value,
}

/// Refuses NATs that are wrong whatever others there are. `router` is as it was sent.
pub(super) fn check(
    engine: &Engine,
    call: &Call,
    router_path: &str,
    router: &Value,
    old: &Value,
) -> Result<(), Refusal> {
    let all = nats::of(router);
    engine.refuse_if(&PER_ROUTER, all.len() > 50, || {
        let count = all.len().to_string();
        ErrorAnswer::invalid_field("resource.nats", &count, "A router has at most 50 NATs.")
    })?;
    let network = compute::path_of(call, router["network"].as_str().unwrap_or_default());
    for (index, nat) in all.iter().enumerate() {
        let duplicate = all[..index]
            .iter()
            .any(|other| other["name"] == nat["name"]);
        let at = format!("nats[{index}]");
        let name = nat["name"].as_str().unwrap_or_default();
        engine.refuse_if(&DUPLICATE, duplicate, || {
            let field = format!("resource.{at}.name");
            ErrorAnswer::invalid_field(
                &field,
                name,
                "The name is used by another NAT of the router.",
            )
        })?;
        let old = nats::of(old).iter().find(|old| old["name"] == nat["name"]);
        let candidate = Candidate {
            engine,
            call,
            router_path,
            network: &network,
            at,
            nat,
            old: old.unwrap_or(&Value::Null),
        };
        candidate.check_options()?;
        candidate.check_ports()?;
        candidate.check_addresses()?;
        candidate.check_subnetworks()?;
    }
    Ok(())
}

impl Candidate<'_> {
    #[cfg_attr(test, track_caller)]
    fn refuse_if(
        &self,
        rule: &'static Rule,
        condition: bool,
        field: &str,
        why: &str,
    ) -> Result<(), Refusal> {
        self.engine.refuse_if(rule, condition, || {
            let value = self.nat.pointer(&format!("/{}", field.replace('.', "/")));
            let shown = match value {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                Some(_) | None => String::new(),
            };
            ErrorAnswer::invalid_field(&format!("resource.{}.{field}", self.at), &shown, why)
        })
    }

    fn text(&self, field: &str) -> &str {
        self.nat[field].as_str().unwrap_or_default()
    }

    fn check_options(&self) -> Result<(), Refusal> {
        let name = self.text("name");
        let why = "Must be a match of regex '[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?'";
        self.refuse_if(&compute::NAME, !compute::is_name(name), "name", why)?;
        let private = self.text("type") == "PRIVATE";
        let required = ["sourceSubnetworkIpRangesToNat", "natIpAllocateOption"];
        for field in &required[..if private { 1 } else { 2 }] {
            let missing = self.text(field).is_empty();
            self.engine.refuse_if(&compute::REQUIRED, missing, || {
                let text = format!(
                    "Required field 'resource.{}.{field}' not specified",
                    self.at
                );
                ErrorAnswer::new(400, "required", text)
            })?;
        }
        let defaults = [
            ("type", json!("PUBLIC")),
            ("endpointTypes", json!(["ENDPOINT_TYPE_VM"])),
        ];
        for (field, default) in defaults {
            let new = self.nat.get(field).unwrap_or(&default);
            let differs = !self.old.is_null() && self.old[field] != *new;
            self.refuse_if(&IMMUTABLE, differs, field, "The field cannot be modified.")?;
        }
        Ok(())
    }

    fn check_ports(&self) -> Result<(), Refusal> {
        let dynamic = self.nat["enableDynamicPortAllocation"] == true;
        let mapping = dynamic && self.nat["enableEndpointIndependentMapping"] == true;
        let field = "enableEndpointIndependentMapping";
        let why = "Endpoint-Independent Mapping cannot be enabled with Dynamic Port Allocation.";
        self.refuse_if(&MAPPING, mapping, field, why)?;
        let ports = |field: &str| self.nat[field].as_i64();
        let least = ports("minPortsPerVm").unwrap_or(32);
        let most = ports("maxPortsPerVm").unwrap_or(65_536);
        let wrong = |number: i64| !(32..=65_536).contains(&number) || number & (number - 1) != 0;
        let why = "Must be a power of two, 32 or more, with Dynamic Port Allocation.";
        self.refuse_if(&PORTS, dynamic && wrong(least), "minPortsPerVm", why)?;
        let why = "Must be a power of two greater than minPortsPerVm.";
        let too_few = wrong(most) || most <= least;
        self.refuse_if(&PORTS, dynamic && too_few, "maxPortsPerVm", why)
    }

    fn check_addresses(&self) -> Result<(), Refusal> {
        let option = self.text("natIpAllocateOption");
        let (used, drained) = (items(self.nat, "natIps"), items(self.nat, "drainNatIps"));
        let missing = option == "MANUAL_ONLY" && used.is_empty();
        let why = "MANUAL_ONLY requires natIps.";
        self.refuse_if(&ADDRESSES, missing, "natIpAllocateOption", why)?;
        let surplus = option == "AUTO_ONLY" && !(used.is_empty() && drained.is_empty());
        let why = "natIps and drainNatIps must be empty with AUTO_ONLY.";
        self.refuse_if(&ADDRESSES, surplus, "natIpAllocateOption", why)?;
        for (list, links) in [("natIps", used), ("drainNatIps", drained)] {
            for (index, link) in links.iter().enumerate() {
                self.check_address(list, index, link.as_str().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn check_address(&self, list: &str, index: usize, link: &str) -> Result<(), Refusal> {
        let field = format!("{}.{list}[{index}]", self.at);
        let path = compute::reference(self.engine, self.call, &field, "addresses", link)?;
        let refuse_if = |rule: &'static Rule, condition: bool, why: &str| {
            let field = format!("resource.{field}");
            self.engine.refuse_if(rule, condition, || {
                ErrorAnswer::invalid_field(&field, link, why)
            })
        };
        let address = self.engine.store.get(Api::Compute, &path);
        let external = address.is_some_and(|address| address["addressType"] == "EXTERNAL");
        let here = region_of(&path) == region_of(self.router_path);
        let why = "Must be an external address in the router's region.";
        refuse_if(&ADDRESS_KIND, !(external && here), why)?;
        let had = nats::uses(self.old, &path);
        let mut used = items(self.nat, "natIps").iter().filter_map(Value::as_str);
        let still = used.any(|other| is_link(other, &path));
        let why = "Must be an address that was in natIps and no longer is.";
        refuse_if(&DRAIN, list == "drainNatIps" && (!had || still), why)
    }

    fn check_subnetworks(&self) -> Result<(), Refusal> {
        let listed = items(self.nat, "subnetworks");
        let field = "sourceSubnetworkIpRangesToNat";
        self.refuse_if(&LIST, is_odd_list(self.nat), field, ODD_LIST)?;
        let why = "A NAT lists at most 50 subnetwork ranges.";
        self.refuse_if(&SUBNETWORKS, listed.len() > 50, "subnetworks", why)?;
        for (index, subnetwork) in listed.iter().enumerate() {
            self.check_subnetwork(index, subnetwork)?;
        }
        Ok(())
    }

    fn check_subnetwork(&self, index: usize, listed: &Value) -> Result<(), Refusal> {
        let field = format!("{}.subnetworks[{index}].name", self.at);
        let link = listed["name"].as_str().unwrap_or_default();
        let path = compute::reference(self.engine, self.call, &field, "subnetworks", link)?;
        let subnetwork = self.engine.store.get(Api::Compute, &path);
        let Some(subnetwork) = subnetwork else {
            return Ok(());
        };
        let elsewhere = region_of(&path) != region_of(self.router_path)
            || !compute::refers(subnetwork, "network", self.network);
        let at = format!("subnetworks.{index}.name");
        let why = "The subnetwork is not in the router's network and region.";
        self.refuse_if(&PLACE, elsewhere, &at, why)?;
        let ranges = items(subnetwork, "secondaryIpRanges");
        let names = items(listed, "secondaryIpRangeNames");
        let option = items(listed, "sourceIpRangesToNat")
            .iter()
            .any(|option| option == "LIST_OF_SECONDARY_IP_RANGES");
        let known = |name: &Value| ranges.iter().any(|range| range["rangeName"] == *name);
        let wrong = option == names.is_empty() || !names.iter().all(known);
        let at = format!("subnetworks.{index}.secondaryIpRangeNames");
        let why = "Must name secondary ranges of the subnetwork, with LIST_OF_SECONDARY_IP_RANGES.";
        self.refuse_if(&RANGE_NAMES, wrong, &at, why)
    }
}
