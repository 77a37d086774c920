//! Declarations become links, or findings.

use privatelink_core::codes::Code;
use privatelink_core::declare::Declared;
use privatelink_core::diagnostic::{Origin, Severity};
use privatelink_core::link::{Ingress, Instances, Internet, Routing};
use privatelink_core::validate::{Validated, validate};
use privatelink_crds::PrivateLinkSpec;

const PLAIN: &str = r"
projectId: acme-prod
region: europe-west1
source: {service: {name: orders}}
destination: {service: {name: billing}, ingress: Internal}
network: {name: prod}
egress: {connector: {managed: {subnetwork: {managed: {cidr: 10.8.0.0/28}}}}}
";

fn declared(name: &str, yaml: &str) -> Declared {
    let spec: PrivateLinkSpec = serde_saphyr::from_str(yaml).unwrap();
    let origin = Origin::File {
        path: format!("{name}.yaml").into(),
        line: 1,
        column: 1,
    };
    Declared {
        name: name.parse().unwrap(),
        spec,
        origin,
    }
}

/// The plain declaration with one text replaced.
fn changed(name: &str, from: &str, to: &str) -> Declared {
    assert!(PLAIN.contains(from), "{from}");
    declared(name, &PLAIN.replace(from, to))
}

fn codes(validated: &Validated) -> Vec<Code> {
    validated
        .diagnostics
        .iter()
        .map(|found| found.code)
        .collect()
}

/// What one declaration is found to be, as codes.
fn found(declaration: Declared) -> Vec<Code> {
    codes(&validate(&[declaration]))
}

#[test]
fn the_plain_declaration_is_a_link_with_every_default_filled_in() {
    let validated = validate(&[declared("a", PLAIN)]);
    assert_eq!(validated.diagnostics, []);
    let [link] = validated.links.as_slice() else {
        panic!("{validated:?}")
    };
    assert_eq!(
        link.source.to_string(),
        "projects/acme-prod/locations/europe-west1/services/orders"
    );
    assert_eq!(
        link.network.to_string(),
        "projects/acme-prod/global/networks/prod"
    );
    assert_eq!(link.ingress, Some(Ingress::Internal));
    assert_eq!(link.routing, Routing::AllTraffic);
    insta::assert_debug_snapshot!((&link.egress, &link.internet, &link.policy));
}

#[test]
fn the_digest_of_the_plain_declaration_never_changes() {
    // Services carry this text; another one would make every link of every user look unapplied.
    let validated = validate(&[declared("a", PLAIN)]);
    assert_eq!(validated.links[0].digest.as_str(), "ebb09219a2c769a8");
}

#[test]
fn the_digest_covers_wishes_and_not_names_places_or_policies() {
    let digest = |declaration| validate(&[declaration]).links[0].digest.clone();
    let plain = digest(declared("a", PLAIN));
    assert_eq!(
        plain,
        digest(declared(
            "b",
            &format!("{PLAIN}policy: {{suspend: true}}\n")
        ))
    );
    assert_eq!(
        plain,
        digest(changed("a", "egress: {", "egress: {routing: AllTraffic, "))
    );
    assert_ne!(plain, digest(changed("a", "10.8.0.0", "10.8.0.16")));
    assert_ne!(plain, digest(changed("a", "Internal", "All")));
    assert_ne!(
        plain,
        digest(declared(
            "a",
            &format!("{PLAIN}internet: {{existing: {{}}}}\n")
        ))
    );
}

#[test]
fn a_service_may_be_in_another_project_or_region_than_the_link() {
    let elsewhere = changed("a", "name: orders", "name: orders, region: us-east1");
    let link = validate(&[elsewhere]).links.remove(0);
    assert_eq!(link.region.as_str(), "us-east1");
    assert_eq!(link.destination.region.as_str(), "europe-west1");
}

#[test]
fn every_error_of_a_declaration_is_found_at_once() {
    let worst = PLAIN
        .replace("acme-prod", "Acme")
        .replace("europe-west1", "europe")
        .replace("10.8.0.0/28", "10.8.0.0/24")
        .replace(
            "{managed: {subnetwork",
            "{managed: {minInstances: 5, maxInstances: 4, subnetwork",
        );
    let validated = validate(&[declared("a", &worst)]);
    insta::assert_snapshot!(
        validated
            .diagnostics
            .iter()
            .map(|d| format!("{d}\n"))
            .collect::<String>()
    );
    assert_eq!(validated.broken, ["a".parse().unwrap()]);
}

#[test]
fn ranges_must_be_private_aligned_slash_28s() {
    let range = |text| found(changed("a", "10.8.0.0/28", text));
    assert_eq!(range("10.8.0.16/28"), []);
    assert_eq!(range("100.64.0.0/28"), []);
    assert_eq!(range("10.8.0.0/24"), [Code::RangeNotSlash28]);
    assert_eq!(range("10.8.0.8/28"), [Code::RangeInvalid]);
    assert_eq!(range("10.8.0/28"), [Code::RangeInvalid]);
    assert_eq!(range("'fd00::/28'"), [Code::RangeInvalid]);
    assert_eq!(range("8.8.8.0/28"), [Code::RangePublic]);
}

#[test]
fn a_range_that_was_meant_is_proposed() {
    let help = |text| {
        let found = validate(&[changed("a", "10.8.0.0/28", text)]);
        found.diagnostics[0].help.clone().unwrap_or_default()
    };
    for written in ["10.8.4.7/28", "10.8.4.7", "10.8.4.7/"] {
        assert_eq!(help(written), "did you mean `10.8.4.0/28`?", "{written}");
    }
    assert_eq!(help("10.8.4"), "write a /28, such as 10.8.0.0/28");
}

#[test]
fn choices_must_be_made_exactly_once() {
    let subnetwork = "{managed: {cidr: 10.8.0.0/28}}";
    for neither_or_both in [
        "{}",
        "{managed: {cidr: 10.8.0.0/28}, existing: {name: own}}",
    ] {
        assert_eq!(
            found(changed("a", subnetwork, neither_or_both)),
            [Code::NotExactlyOne]
        );
    }
    assert_eq!(
        found(changed("a", "{service: {name: orders}}", "{}")),
        [Code::NotExactlyOne]
    );
    for internet in [
        "{}",
        "{none: {}, existing: {}}",
        "{nat: {addresses: {auto: {}, manual: {names: [a]}}}}",
    ] {
        let yaml = format!("{PLAIN}internet: {internet}\n");
        assert_eq!(
            found(declared("a", &yaml)),
            [Code::NotExactlyOne],
            "{internet}"
        );
    }
    assert_eq!(
        found(declared("a", &format!("{PLAIN}access: {{}}\n"))),
        [Code::NotExactlyOne]
    );
}

#[test]
fn private_ranges_only_is_refused_with_private_google_access_alone() {
    let narrow = changed("a", "egress: {", "egress: {routing: PrivateRangesOnly, ");
    let validated = validate(&[narrow]);
    assert_eq!(codes(&validated), [Code::RoutingUnreachable]);
    assert_eq!(
        validated.diagnostics[0].field.as_deref(),
        Some("spec.egress.routing")
    );
}

#[test]
fn a_link_to_itself_is_a_warning_also_when_written_in_two_ways() {
    let itself = changed("a", "billing", "orders, projectId: acme-prod");
    let validated = validate(&[itself]);
    assert_eq!(codes(&validated), [Code::LinkToItself]);
    assert_eq!(validated.links.len(), 1);
}

#[test]
fn losing_the_internet_is_a_warning_and_still_a_link() {
    let validated = validate(&[declared("a", &format!("{PLAIN}internet: {{none: {{}}}}\n"))]);
    assert_eq!(codes(&validated), [Code::InternetCutOff]);
    assert_eq!(validated.diagnostics[0].severity, Severity::Warning);
    assert_eq!(validated.links[0].internet, Internet::None);
    assert_eq!(validated.broken, []);
}

#[test]
fn adopting_what_the_link_does_not_use_is_a_warning() {
    let adopt = |kind, name| {
        let yaml = format!("{PLAIN}adopt: [{{kind: {kind}, name: {name}}}]\n");
        found(declared("a", &yaml))
    };
    assert_eq!(adopt("ServiceEgress", "orders"), []);
    assert_eq!(adopt("ServiceIngress", "billing"), []);
    assert_eq!(adopt("ServiceEgress", "billing"), [Code::AdoptsNothing]);
    assert_eq!(adopt("Subnetwork", "own"), [Code::AdoptsNothing]);
}

#[test]
fn two_declarations_with_one_name_are_both_left_out() {
    let validated = validate(&[
        declared("a", PLAIN),
        declared("a", PLAIN),
        declared("b", PLAIN),
    ]);
    assert_eq!(codes(&validated), [Code::DuplicateName]);
    assert_eq!(validated.broken, ["a".parse().unwrap()]);
    assert_eq!(validated.links.len(), 1);
}

#[test]
fn one_range_is_shared_in_a_region_and_refused_across_regions() {
    let shared = [declared("a", PLAIN), changed("b", "orders", "carts")];
    assert_eq!(validate(&shared).links.len(), 2);
    let torn = [
        declared("a", PLAIN),
        changed("b", "europe-west1", "us-east1"),
        changed("c", "prod}", "test}"),
    ];
    let validated = validate(&torn);
    assert_eq!(
        codes(&validated),
        [Code::RangesOverlap, Code::RangesOverlap]
    );
    assert_eq!(validated.broken.len(), 2);
    assert_eq!(validated.links[0].name.name(), "c");
}

#[test]
fn another_project_is_refused_unless_the_destination_is_attached() {
    let across = || changed("a", "billing", "billing, projectId: acme-data");
    assert_eq!(found(across()), [Code::CrossProjectUnattached]);
    let back = declared(
        "b",
        &PLAIN
            .replace("orders}", "billing, projectId: acme-data}")
            .replace("billing}, ingress", "orders}, ingress")
            .replace("name: prod", "name: prod, projectId: acme-prod"),
    );
    assert_eq!(codes(&validate(&[across(), back])), []);
    let host = "network: {name: prod, projectId: acme-host}";
    let shared = PLAIN.replace("network: {name: prod}", host);
    assert_eq!(found(declared("a", &shared)), []);
}

#[test]
fn what_is_wrong_alone_hears_what_else_is_wrong_with_it() {
    let spec = PLAIN
        .replace("10.8.0.0", "11.8.0.0")
        .replace("billing", "billing, projectId: acme-data");
    let validated = validate(&[declared("a", &spec), declared("b", PLAIN)]);
    assert_eq!(
        codes(&validated),
        [Code::RangePublic, Code::CrossProjectUnattached]
    );
    assert_eq!(validated.broken, ["a".parse().unwrap()]);
    assert_eq!(validated.links[0].name.name(), "b");
}

#[test]
fn instance_limits_are_read_and_kept_in_order() {
    let limits = |text: &str| {
        changed(
            "a",
            "{managed: {subnetwork",
            &format!("{{managed: {{{text}, subnetwork"),
        )
    };
    let link = validate(&[limits("minInstances: 4, maxInstances: 9")])
        .links
        .remove(0);
    insta::assert_snapshot!(serde_json::to_string(&link.egress).unwrap());
    assert_eq!(
        found(limits("minInstances: 3")),
        [Code::InstancesOutOfOrder]
    );
    assert_eq!(found(limits("maxInstances: 11")), [Code::ValueOutOfBounds]);
    assert_eq!(Instances { min: 2, max: 3 }.min, 2);
}

#[test]
fn ten_thousand_links_are_validated_quickly() {
    let plain = declared("a", PLAIN);
    let links: Vec<Declared> = (0..10_000)
        .map(|n| {
            let mut link = plain.clone();
            link.name = format!("link-{n}").parse().unwrap();
            link.spec.source.service.as_mut().unwrap().name = format!("orders-{n}");
            link
        })
        .collect();
    let start = std::time::Instant::now();
    let validated = validate(&links);
    let time = start.elapsed();
    println!("10,000 links validated in {time:?}");
    assert_eq!(validated.links.len(), 10_000);
    // Optimised it takes about a tenth of a second; this only notices a mistake of another order.
    assert!(time.as_secs() < 20, "{time:?}");
}
