//! Which route decides.

use privatelink_core::kinds::route::deciding;
use privatelink_core::kinds::{NextHop, Route, RouteRef};
use privatelink_core::link::NetworkRef;

fn route(name: &str, destination: &str, gateway: bool, priority: u32, tags: &[&str]) -> Route {
    Route {
        id: RouteRef {
            project: "acme-prod".parse().unwrap(),
            name: name.parse().unwrap(),
        },
        network: NetworkRef {
            project: "acme-prod".parse().unwrap(),
            name: "prod".parse().unwrap(),
        },
        destination: destination.parse().unwrap(),
        next_hop: if gateway {
            NextHop::DefaultInternetGateway
        } else {
            NextHop::Other("vpn".into())
        },
        priority,
        tags: tags.iter().map(ToString::to_string).collect(),
    }
}

fn winner(routes: &[Route], tags: &[&str]) -> Option<String> {
    let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
    deciding(routes.iter(), &tags).map(|route| route.id.name.to_string())
}

#[test]
fn the_longest_prefix_wins_then_the_lowest_priority() {
    let default = route("default", "0.0.0.0/0", true, 1000, &[]);
    assert_eq!(
        winner(std::slice::from_ref(&default), &[]),
        Some("default".into())
    );
    let half = route("half", "0.0.0.0/1", false, 2000, &[]);
    assert_eq!(winner(&[default.clone(), half], &[]), Some("half".into()));
    let half = route("half", "128.0.0.0/1", false, 2000, &[]);
    assert_eq!(winner(&[default.clone(), half], &[]), Some("half".into()));
    let better = route("better", "0.0.0.0/0", false, 900, &[]);
    assert_eq!(winner(&[default, better], &[]), Some("better".into()));
}

#[test]
fn a_tagged_route_decides_only_for_its_tags() {
    let tagged = route("tagged", "0.0.0.0/0", false, 1, &["vpc-connector"]);
    let default = route("default", "0.0.0.0/0", true, 1000, &[]);
    assert_eq!(
        winner(&[default.clone(), tagged.clone()], &[]),
        Some("default".into())
    );
    assert_eq!(
        winner(&[default, tagged], &["vpc-connector"]),
        Some("tagged".into())
    );
}

#[test]
fn a_narrow_route_decides_nothing_about_the_internet() {
    assert_eq!(
        winner(&[route("narrow", "10.0.0.0/8", false, 1, &[])], &[]),
        None
    );
}

#[test]
fn every_part_of_the_internet_needs_its_route() {
    let low = route("low", "0.0.0.0/1", true, 100, &[]);
    assert_eq!(winner(std::slice::from_ref(&low), &[]), None);
    let high = route("high", "128.0.0.0/1", false, 1000, &[]);
    assert_eq!(winner(&[low.clone(), high], &[]), Some("high".into()));
    let high = route("high", "128.0.0.0/1", true, 1000, &[]);
    assert_eq!(winner(&[low, high], &[]), Some("low".into()));
}

#[test]
fn a_wide_route_around_googles_addresses_decides_for_them() {
    let default = route("default", "0.0.0.0/0", true, 1000, &[]);
    let wide = route("wide", "32.0.0.0/3", false, 1000, &[]);
    let routes = [default.clone(), wide];
    assert_eq!(winner(&routes, &[]), Some("wide".into()));
    // What a longer prefix gives back to the gateway is not the other's.
    let given_back = ["32.0.0.0/4", "48.0.0.0/4"].map(|range| route("back", range, true, 1, &[]));
    let routes: Vec<Route> = routes.into_iter().chain(given_back).collect();
    assert_eq!(winner(&routes, &[]), Some("default".into()));
}

#[test]
fn what_is_not_of_the_internet_at_large_decides_nothing_about_it() {
    let default = route("default", "0.0.0.0/0", true, 1000, &[]);
    // Nobody's, private with its neighbour, and public ones that companies use as if they were private.
    for range in ["224.0.0.0/4", "10.0.0.0/7", "28.0.0.0/6"] {
        let other = route("other", range, false, 1, &[]);
        let decides = winner(&[default.clone(), other], &[]);
        assert_eq!(decides, Some("default".into()), "{range}");
    }
    let first = route("first", "0.0.0.0/5", false, 1, &[]);
    assert_eq!(winner(&[default, first], &[]), Some("first".into()));
}

#[test]
fn of_equals_the_one_that_leads_elsewhere_counts() {
    let default = route("default", "0.0.0.0/0", true, 1000, &[]);
    let vpn = route("vpn", "0.0.0.0/0", false, 1000, &[]);
    assert_eq!(winner(&[default, vpn], &[]), Some("vpn".into()));
}
