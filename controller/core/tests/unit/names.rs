//! Names and marks, which no release may change.

use privatelink_core::ids::LinkName;
use privatelink_core::names::{Installation, Mark, NoMark, follows_our_scheme};

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
