//! A router's list of NAT entries as text. The list is one field, written as a whole by everybody who changes
//! one entry of it (`docs/reference/google-cloud.md#router-patch`), so what is not ours is sent back as the
//! very text that was read, fields that nobody here has heard of included.

use std::collections::BTreeSet;

use google_cloud_compute_v1::model::RouterNat;
use privatelink_core::kinds::{LiveNat, Nat, NatAddresses, NatRef, RegionalRef};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::references::{Place, Unmapped};
use crate::routers::nat;
use crate::words;

/// How many names of entries a message has.
const MOST_NAMES: usize = 10;

/// The list, in Google's order.
#[derive(Debug)]
pub(crate) struct Entries(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    name: String,
    text: Box<RawValue>,
}

impl Entry {
    /// The same JSON? Google may print it with other spaces; it has no other freedom.
    fn equals(&self, other: &Self) -> bool {
        let value = |entry: &Self| serde_json::from_str::<Value>(entry.text.get()).ok();
        self.text.get() == other.text.get() || value(self) == value(other)
    }

    fn live(&self, router: &RegionalRef) -> Result<LiveNat, Unmapped> {
        let found: RouterNat = serde_json::from_str(self.text.get())
            .map_err(|error| Unmapped::Json(error.to_string()))?;
        nat(
            &found,
            Place {
                project: &router.project,
                region: &router.region,
            },
        )
    }
}

/// What shall happen to the list.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    /// This entry shall be in it, and these of the same router.
    Put(&'a Nat, &'a [Nat]),
    /// An entry of this name shall not.
    Delete(&'a NatRef),
}

impl<'a> Change<'a> {
    /// The entry that it is about.
    pub(crate) fn entry(self) -> &'a NatRef {
        match self {
            Self::Put(wanted, _) => &wanted.id,
            Self::Delete(id) => id,
        }
    }

    /// The entries that shall be in it.
    fn puts(self) -> impl Iterator<Item = &'a Nat> {
        let (first, others) = match self {
            Self::Put(wanted, others) => (Some(wanted), others),
            Self::Delete(_) => (None, &[][..]),
        };
        first.into_iter().chain(others)
    }

    /// Is an entry of this name one that changes?
    fn is_about(self, name: &str) -> bool {
        self.entry().name.as_str() == name || self.puts().any(|nat| nat.id.name.as_str() == name)
    }

    /// Is the list as it shall be?
    pub(crate) fn is_done(self, entries: &Entries) -> Result<bool, Unmapped> {
        if let Self::Delete(id) = self {
            return Ok(entries.named(id.name.as_str()).is_none());
        }
        for wanted in self.puts() {
            let Some(entry) = entries.named(wanted.id.name.as_str()) else {
                return Ok(false);
            };
            let live = entry.live(&wanted.id.router)?;
            if !live.public || !wanted.diff(&live).is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The body of the PATCH that makes it so.
    pub(crate) fn body(self, entries: &Entries) -> Result<String, Unmapped> {
        #[derive(Serialize)]
        struct Body<'b> {
            nats: Vec<&'b RawValue>,
        }
        let json = |error: serde_json::Error| Unmapped::Json(error.to_string());
        let mut ours: Vec<(&str, Box<RawValue>)> = Vec::new();
        for wanted in self.puts() {
            let name = wanted.id.name.as_str();
            ours.push((name, written(wanted, entries.named(name)).map_err(json)?));
        }
        let mut nats: Vec<&RawValue> = Vec::with_capacity(entries.0.len() + ours.len());
        let mut placed: BTreeSet<&str> = BTreeSet::new();
        for entry in &entries.0 {
            if !self.is_about(&entry.name) {
                nats.push(&entry.text);
            } else if let Some((name, text)) = ours.iter().find(|(name, _)| *name == entry.name)
                && placed.insert(name)
            {
                nats.push(text);
            }
        }
        let new = ours.iter().filter(|(name, _)| !placed.contains(name));
        nats.extend(new.map(|(_, text)| &**text));
        serde_json::to_string(&Body { nats }).map_err(json)
    }
}

impl Entries {
    /// Reads them from a router as Google prints it.
    pub(crate) fn read(router: &str) -> Result<Self, Unmapped> {
        #[derive(Deserialize)]
        struct Router {
            // Without it the body is no router, and a list that was not read must not be taken for an empty one.
            #[serde(rename = "name")]
            _name: String,
            #[serde(default)]
            nats: Vec<Box<RawValue>>,
        }
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let json = |error: serde_json::Error| Unmapped::Json(error.to_string());
        let router: Router = serde_json::from_str(router).map_err(json)?;
        let entry = |text: Box<RawValue>| {
            let Named { name } = serde_json::from_str(text.get()).map_err(json)?;
            Ok(Entry { name, text })
        };
        router
            .nats
            .into_iter()
            .map(entry)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn named(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.name == name)
    }

    /// The names of the entries, as they follow "the entries are".
    pub(crate) fn names(&self) -> String {
        let names: Vec<String> = self
            .0
            .iter()
            .take(MOST_NAMES)
            .map(|entry| words::neutral(&entry.name))
            .collect();
        match (names.is_empty(), self.0.len() - names.len()) {
            (true, _) => "none".to_owned(),
            (false, 0) => names.join(", "),
            (false, more) => format!("{} and {more} more", names.join(", ")),
        }
    }

    /// The first entry that the change is not about and that was in `self` and is not, or not the same, in `after`.
    pub(crate) fn lost<'s>(&'s self, after: &Self, change: Change<'_>) -> Option<&'s str> {
        let others = self.0.iter().filter(|entry| !change.is_about(&entry.name));
        let kept = |entry: &&Entry| {
            after
                .named(&entry.name)
                .is_some_and(|found| found.equals(entry))
        };
        others
            .filter(|entry| !kept(entry))
            .map(|entry| entry.name.as_str())
            .next()
    }
}

/// Our entry: in one that is there only the fields that we manage change, whatever else it holds.
fn written(wanted: &Nat, there: Option<&Entry>) -> Result<Box<RawValue>, serde_json::Error> {
    let mut fields: Map<String, Value> = match there {
        Some(entry) => serde_json::from_str(entry.text.get())?,
        None => Map::from_iter([("type".to_owned(), json!("PUBLIC"))]),
    };
    let mut set = |field: &str, value: Option<Value>| match value {
        Some(value) => drop(fields.insert(field.to_owned(), value)),
        None => drop(fields.remove(field)),
    };
    let router = &wanted.id.router;
    let (option, addresses) = match &wanted.addresses {
        NatAddresses::Auto => ("AUTO_ONLY", None),
        NatAddresses::Manual(names) => {
            let at = |name| RegionalRef {
                project: router.project.clone(),
                region: router.region.clone(),
                name,
            };
            let links: Vec<String> = names
                .iter()
                .map(|name| at(name.clone()).compute("addresses"))
                .collect();
            ("MANUAL_ONLY", Some(json!(links)))
        }
    };
    let served = wanted.subnetworks.iter().map(|subnetwork| {
        json!({"name": subnetwork.compute("subnetworks"), "sourceIpRangesToNat": ["ALL_IP_RANGES"]})
    });
    set("name", Some(json!(wanted.id.name)));
    set("natIpAllocateOption", Some(json!(option)));
    set("natIps", addresses);
    set(
        "sourceSubnetworkIpRangesToNat",
        Some(json!("LIST_OF_SUBNETWORKS")),
    );
    set("subnetworks", Some(served.collect()));
    set(
        "minPortsPerVm",
        wanted.min_ports_per_vm.map(|ports| json!(ports)),
    );
    RawValue::from_string(serde_json::to_string(&fields)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::references::tests::at;

    fn wanted() -> Nat {
        Nat {
            id: NatRef {
                router: at("r"),
                name: "ours".parse().unwrap(),
            },
            addresses: NatAddresses::Auto,
            subnetworks: BTreeSet::from([at("a")]),
            min_ports_per_vm: None,
        }
    }

    fn entries(nats: &[&str]) -> Entries {
        Entries::read(&format!(r#"{{"name": "r", "nats": [{}]}}"#, nats.join(","))).unwrap()
    }

    const FOREIGN: &str =
        r#"{"zeta": 1.50, "name":"theirs",  "alpha":{"b":[],"a":null}, "type":"PRIVATE"}"#;

    #[test]
    fn the_entries_of_others_are_sent_back_as_the_text_that_was_read() {
        let body = Change::Put(&wanted(), &[])
            .body(&entries(&[FOREIGN]))
            .unwrap();
        assert!(
            body.starts_with(&format!(r#"{{"nats":[{FOREIGN},{{"#)),
            "{body}"
        );
        assert_eq!(
            Change::Delete(&wanted().id)
                .body(&entries(&[FOREIGN]))
                .unwrap(),
            format!(r#"{{"nats":[{FOREIGN}]}}"#)
        );
    }

    #[test]
    fn the_names_of_a_long_list_are_not_all_told() {
        let named = |count: usize| {
            let nats: Vec<String> = (0..count)
                .map(|it| format!(r#"{{"name":"n{it}"}}"#))
                .collect();
            entries(&nats.iter().map(String::as_str).collect::<Vec<_>>()).names()
        };
        assert_eq!((named(0).as_str(), named(2).as_str()), ("none", "n0, n1"));
        assert!(named(12).ends_with("n9 and 2 more"), "{}", named(12));
    }

    #[test]
    fn a_new_entry_holds_what_we_manage_and_is_public() {
        let body = Change::Put(&wanted(), &[]).body(&entries(&[])).unwrap();
        let subnetwork = "projects/acme-prod/regions/europe-west1/subnetworks/a";
        assert_eq!(
            serde_json::from_str::<Value>(&body).unwrap(),
            json!({"nats": [{
                "name": "ours", "type": "PUBLIC", "natIpAllocateOption": "AUTO_ONLY",
                "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
                "subnetworks": [{"name": subnetwork, "sourceIpRangesToNat": ["ALL_IP_RANGES"]}],
            }]})
        );
    }

    #[test]
    fn in_our_entry_only_our_fields_change_and_it_keeps_its_place() {
        let ours = r#"{"name":"ours","natIpAllocateOption":"MANUAL_ONLY","natIps":["x"],"minPortsPerVm":128,"new":{"a":1}}"#;
        let body = Change::Put(&wanted(), &[])
            .body(&entries(&[ours, FOREIGN]))
            .unwrap();
        let nats = serde_json::from_str::<Value>(&body).unwrap()["nats"].clone();
        assert_eq!(nats[0]["new"], json!({"a": 1}));
        assert_eq!(nats[0]["natIpAllocateOption"], json!("AUTO_ONLY"));
        assert_eq!(
            (nats[0].get("natIps"), nats[0].get("minPortsPerVm")),
            (None, None)
        );
        assert_eq!(nats[1]["name"], json!("theirs"));
    }

    #[test]
    fn taking_out_the_last_entry_leaves_an_empty_list_in_the_body() {
        let body = Change::Delete(&wanted().id)
            .body(&entries(&[r#"{"name":"ours"}"#]))
            .unwrap();
        assert_eq!(body, r#"{"nats":[]}"#);
    }

    #[test]
    fn what_is_as_wished_is_recognised_whatever_google_added() {
        let body = Change::Put(&wanted(), &[])
            .body(&entries(&[FOREIGN]))
            .unwrap();
        let mut router: Value = serde_json::from_str(&body).unwrap();
        router["nats"][1]["autoNetworkTier"] = json!("PREMIUM");
        router["nats"][1]["endpointTypes"] = json!(["ENDPOINT_TYPE_VM"]);
        router["name"] = json!("r");
        let after = Entries::read(&router.to_string()).unwrap();
        assert!(Change::Put(&wanted(), &[]).is_done(&after).unwrap());
        assert!(!Change::Delete(&wanted().id).is_done(&after).unwrap());
        assert!(
            !Change::Put(&wanted(), &[])
                .is_done(&entries(&[FOREIGN]))
                .unwrap()
        );
    }

    #[test]
    fn an_entry_that_went_or_changed_is_named() {
        let before = entries(&[FOREIGN, r#"{"name":"ours"}"#]);
        assert_eq!(
            before.lost(&entries(&[FOREIGN]), Change::Delete(&wanted().id)),
            None
        );
        assert_eq!(
            before.lost(&entries(&[]), Change::Delete(&wanted().id)),
            Some("theirs")
        );
        assert_eq!(
            before.lost(
                &entries(&[r#"{"name":"theirs"}"#]),
                Change::Delete(&wanted().id)
            ),
            Some("theirs")
        );
        let same = r#"{"name":"theirs","type":"PRIVATE","alpha":{"a":null,"b":[]},"zeta":1.5}"#;
        assert_eq!(
            before.lost(&entries(&[same]), Change::Delete(&wanted().id)),
            None
        );
    }

    #[test]
    fn two_entries_change_in_one_body_and_keep_their_places() {
        let (mut one, mut two) = (wanted(), wanted());
        one.subnetworks = BTreeSet::from([at("b")]);
        two.id.name = "second".parse().unwrap();
        let moved = [two];
        let change = Change::Put(&one, &moved);
        let there = [r#"{"name":"ours","minPortsPerVm":64}"#, FOREIGN];
        let body = change.body(&entries(&there)).unwrap();
        let mut router: Value = serde_json::from_str(&body).unwrap();
        router["name"] = json!("r");
        let after = Entries::read(&router.to_string()).unwrap();
        let names: Vec<&str> = after.0.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["ours", "theirs", "second"]);
        assert!(change.is_done(&after).unwrap());
        assert!(!change.is_done(&entries(&there)).unwrap());
        assert_eq!(entries(&there).lost(&after, change), None);
        assert_eq!(after.lost(&entries(&[]), change), Some("theirs"));
    }
}
