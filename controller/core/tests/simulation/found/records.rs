//! What 100,000 histories found about records: who may rely on one, and what is not there because nobody looked.

use privatelink_core::cloud::Write;
use privatelink_core::fake::Entry;
use privatelink_core::kinds::Service;
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::kinds::service_ingress::ANNOTATION as INGRESS;
use privatelink_core::names::Installation;

use super::*;
use crate::judge::{Brief, Brought, judge};

fn without_internet(link: Link) -> Link {
    Link {
        internet: Internet::None,
        digest: serde_json::from_value(serde_json::json!("without")).unwrap(),
        ..link
    }
}

pub(super) fn through_team_connector(link: Link) -> Link {
    let connector = privatelink_core::link::ConnectorRef {
        project: UNIVERSE.prod.clone(),
        region: UNIVERSE.here.clone(),
        name: "team-conn".parse().unwrap(),
    };
    Link {
        egress: Egress::Connector(ConnectorChoice::Existing(connector)),
        ..link
    }
}

pub(super) fn adopting(mut link: Link, kind: AdoptionKind, name: &str) -> Link {
    link.adopt.insert(Adoption {
        kind,
        project: UNIVERSE.prod.clone(),
        region: UNIVERSE.here.clone(),
        name: name.parse().unwrap(),
    });
    link
}

pub(super) fn live(fake: &Fake, name: &str) -> Service {
    fake.state().services[&service(name)].clone()
}

#[test]
fn a_source_that_moves_away_from_an_adopted_subnetwork_gives_it_back_what_it_had() {
    let fake = Fake::new(before(), 0);
    let on = |fake: &Fake| fake.state().subnetworks[&team("team-net")].private_google_access;
    fake.change(|state| {
        let subnetwork = state.subnetworks.get_mut(&team("team-net")).unwrap();
        subnetwork.private_google_access = false;
    });
    let there = without_internet(through_team_connector(link(
        "t/one",
        "a",
        "b",
        "10.8.0.0/28",
    )));
    let there = adopting(there, AdoptionKind::Subnetwork, "team-net");
    let _made = apply(&fake, std::slice::from_ref(&there));
    assert!(on(&fake));
    let elsewhere = link("t/one", "a", "b", "10.8.0.0/28");
    let report = apply(&fake, std::slice::from_ref(&elsewhere));
    assert_eq!(report.exit_code(), 0);
    assert!(!on(&fake));
    let record = &live(&fake, "a").annotations[EGRESS];
    assert!(!record.contains("team-net"), "{record}");
    fake.take_journal();
    let _again = apply(&fake, &[elsewhere]);
    assert_eq!(fake.take_journal().len(), 0);
}

#[test]
fn a_destination_that_is_only_reported_holds_up_no_source() {
    let mut state = before();
    state.services.get_mut(&service("d")).unwrap().ingress = IngressSetting::Internal;
    let fake = Fake::new(state, 0);
    let mut one = link("t/one", "a", "d", "10.8.0.0/28");
    one.ingress = None;
    let mut reported = link("t/reported", "c", "d", "10.8.0.16/28");
    reported.policy.reconcile = Reconcile::Report;
    let report = apply(&fake, &[one, reported]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    assert!(live(&fake, "a").annotations.contains_key(EGRESS));
}

#[test]
fn what_a_destination_admits_is_known_although_its_link_waited_while_its_source_went_ahead() {
    let mut state = before();
    state.services.get_mut(&service("d")).unwrap().ingress = IngressSetting::Internal;
    let fake = Fake::new(state, 0);
    let one = without_internet(link("t/one", "a", "b", "10.8.0.0/28"));
    let _made = apply(&fake, std::slice::from_ref(&one));
    let mut two = link("t/two", "a", "d", "10.8.0.0/28");
    two.internet = Internet::Existing;
    let _waits = apply(&fake, &[one.clone(), two.clone()]);
    let both = [one, without_internet(two)];
    assert_eq!(apply(&fake, &both).exit_code(), 0);
    let record = &live(&fake, "d").annotations[INGRESS];
    assert!(
        record.contains("Internal") && !record.contains("Unknown"),
        "{record}"
    );
}

#[test]
fn a_source_is_not_moved_by_one_link_while_another_of_its_links_would_lose_by_it() {
    let fake = Fake::new(before(), 0);
    let without = without_internet(link("t/one", "a", "b", "10.8.0.0/28"));
    let mut relies = link("t/two", "a", "d", "10.8.0.0/28");
    relies.internet = Internet::Existing;
    let report = apply(&fake, &[without.clone(), relies.clone()]);
    assert_eq!(live(&fake, "a").vpc_access, None);
    assert_ne!(report.exit_code(), 0);
    // One that is only reported says what it would like, and no more.
    relies.policy.reconcile = Reconcile::Report;
    let report = apply(&fake, &[without, relies]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
}

#[test]
fn a_destination_in_another_region_is_not_forgotten_because_a_list_is_behind() {
    let made = Fake::new(before(), 0);
    let _applied = apply(&made, &[link("t/one", "d", "e", "10.8.0.0/28")]);
    assert!(live(&made, "e").annotations.contains_key(INGRESS));
    for first in 0..20 {
        for second in first + 8..first + 24 {
            let fake = made.fork();
            let reads = [(first, ReadFault::Stale(3)), (second, ReadFault::Stale(2))];
            fake.set_faults(Faults {
                reads: BTreeMap::from(reads),
                ..Faults::default()
            });
            let _undone = apply(&fake, &[]);
            let leads_there = live(&fake, "d").annotations.contains_key(EGRESS);
            let remains = live(&fake, "e").annotations.contains_key(INGRESS);
            assert!(leads_there || !remains, "reads {first} and {second}");
        }
    }
}

#[test]
fn a_source_keeps_its_nat_while_its_record_is_lost_or_cannot_be_read() {
    let reach = through_team_connector(link("t/one", "c", "b", "10.8.0.0/28"));
    let made = Fake::new(before(), 0);
    let _applied = apply(&made, std::slice::from_ref(&reach));
    assert!(made.state().nat_serving(&team("team-net")).is_some());
    // Nobody knows any more what it had: it is left as it is, with what it needs.
    let broken = made.fork();
    broken.change(|state| {
        let service = state.services.get_mut(&service("c")).unwrap();
        service
            .annotations
            .insert(EGRESS.to_owned(), "{".to_owned());
    });
    let stays = link("t/stays", "a", "d", "10.8.0.16/28");
    let _undone = apply(&broken, std::slice::from_ref(&stays));
    assert!(broken.state().nat_serving(&team("team-net")).is_some());
    // It is declared with a range of its own, and until it is there it has the internet where it was.
    let lost = made.fork();
    lost.change(|state| {
        let service = state.services.get_mut(&service("c")).unwrap();
        service.annotations.remove(EGRESS);
    });
    lost.take_journal();
    let moved = adopting(
        link("t/one", "c", "b", "10.8.0.0/28"),
        AdoptionKind::ServiceEgress,
        "c",
    );
    assert_eq!(apply(&lost, &[moved]).exit_code(), 0);
    for entry in lost.take_journal() {
        let there = entry.after.services[&service("c")].vpc_access.as_ref();
        let connector = there.and_then(VpcAccess::connector);
        let subnetwork = connector.and_then(|id| entry.after.connectors[id].subnetwork.as_ref());
        let served = subnetwork.is_some_and(|id| entry.after.nat_serving(id).is_some());
        assert!(served, "{:?}", entry.write);
    }
}

#[test]
fn a_forged_record_of_a_subnetwork_where_only_machines_live_is_not_believed() {
    let fake = Fake::new(before(), 0);
    let machines = team("machines");
    fake.change(|state| {
        let mut live = state.subnetworks[&team("spare")].clone();
        live.id = machines.clone();
        live.cidr = Some("10.30.0.0/24".parse().unwrap());
        state.subnetworks.insert(machines.clone(), live);
    });
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    let _made = apply(&fake, std::slice::from_ref(&one));
    let forge = |fake: &Fake| {
        fake.change(|state| {
            let source = state.services.get_mut(&service("a")).unwrap();
            let text = &source.annotations[EGRESS];
            let mut record: serde_json::Value = serde_json::from_str(text).unwrap();
            let path = machines.compute("subnetworks");
            record["adopted"] = serde_json::json!({path: {"privateIpGoogleAccess": false}});
            source
                .annotations
                .insert(EGRESS.to_owned(), record.to_string());
        });
    };
    let on = |fake: &Fake| fake.state().subnetworks[&machines].private_google_access;
    assert!(on(&fake));
    forge(&fake);
    let _again = apply(&fake, &[one]);
    assert!(on(&fake));
    forge(&fake);
    let _undone = apply(&fake, &[]);
    assert!(on(&fake));
    assert!(!live(&fake, "a").annotations.contains_key(EGRESS));
}

#[test]
fn a_link_that_is_only_reported_keeps_no_record_of_another_link() {
    let fake = Fake::new(before(), 0);
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    let mut reported = link("t/reported", "c", "b", "10.8.0.16/28");
    reported.policy.reconcile = Reconcile::Report;
    let _made = apply(&fake, std::slice::from_ref(&one));
    let _both = apply(&fake, &[one, reported.clone()]);
    assert!(live(&fake, "b").annotations.contains_key(INGRESS));
    let _gone = apply(&fake, std::slice::from_ref(&reported));
    assert!(!live(&fake, "b").annotations.contains_key(INGRESS));
    assert_eq!(live(&fake, "b").ingress, IngressSetting::All);
}

#[test]
fn a_plan_tells_what_waits_for_a_record_and_what_is_given_back_in_the_end() {
    let fake = Fake::new(before(), 0);
    let mut wish = link("t/one", "a", "b", "10.9.0.16/28");
    wish.internet = Internet::None;
    adopt_spare(&fake, &mut wish);
    let writes = |report: &Report| -> Vec<String> {
        let later = report.later.iter();
        later
            .flat_map(|step| step.changes.iter().map(move |change| (step, change)))
            .map(|(step, change)| format!("{}: {}", step.id.short(), change.field))
            .collect()
    };
    let told = writes(&plan(&fake, std::slice::from_ref(&wish)));
    assert!(
        told.contains(&"a: template.vpcAccess.connector".to_owned()),
        "{told:?}"
    );
    let stays = link("t/stays", "c", "d", "10.8.0.0/28");
    let _applied = apply(&fake, &[wish, stays.clone()]);
    let told = writes(&plan(&fake, std::slice::from_ref(&stays)));
    assert_eq!(told, ["spare: privateIpGoogleAccess"]);
    let _undone = apply(&fake, std::slice::from_ref(&stays));
    assert_eq!(plan(&fake, &[stays]).later, []);
}

#[test]
fn whoever_forgets_the_set_is_told_which_one_the_records_name() {
    let fake = Fake::new(before(), 0);
    let wish = link("t/one", "a", "b", "10.8.0.0/28");
    let made = |owner: &str, set: &str| {
        let (wishes, mut orders, extra) = whole(std::slice::from_ref(&wish));
        orders.ours = Installation::new(owner, set).unwrap();
        let made = run(&fake, turn(&fake, &wishes, &orders, &extra, &|_| ()));
        assert_eq!(made.value().unwrap().exit_code(), 0);
    };
    let said = || -> Vec<String> {
        let report = plan(&fake, std::slice::from_ref(&wish));
        let errors = report.diagnostics.iter().filter(|found| found.is_error());
        errors
            .map(|found| {
                let help = found.help.as_deref().unwrap_or_default();
                format!("{}: {} ({help})", found.code, found.message)
            })
            .collect()
    };
    made(&UNIVERSE.ours.owner, "shop/links");
    insta::assert_snapshot!(said().join("\n"));
}

/// All requests go on to the revision that is the newest now, and the template leaves through the team's connector.
fn pin(state: &mut State, id: &ServiceRef) {
    let service = state.services.get_mut(id).unwrap();
    service.traffic = vec![Traffic {
        revision: service.latest_ready.clone(),
        percent: 100,
        tag: None,
    }];
    state.deploy(id, Some(through_team()), None);
}

pub(super) fn through_team() -> VpcAccess {
    VpcAccess {
        attachment: Attachment::Connector(team("team-conn")),
        routing: Routing::AllTraffic,
    }
}

/// What the judge says of a write of a turn that undoes everything.
pub(super) fn judged(entry: &Entry, origin: &State, brought: &Brought) -> Result<(), String> {
    let brief = Brief {
        links: &[],
        active: BTreeSet::new(),
        declared: BTreeSet::new(),
        undoes: true,
        policy: Policy::Sync,
        origin,
        brought: brought.clone(),
        loose: false,
    };
    judge(entry, &brief)
}

#[test]
fn a_revision_that_leaves_as_before_us_keeps_its_nat_while_nobody_knows_that_it_does() {
    let mut origin = before();
    origin.deploy(&service("a"), Some(through_team()), None);
    pin(&mut origin, &service("a"));
    let fake = Fake::new(origin.clone(), 0);
    let moves = link("t/moves", "a", "b", "10.8.0.0/28");
    let moves = adopting(moves, AdoptionKind::ServiceEgress, "a");
    let other = through_team_connector(link("t/other", "c", "d", "10.8.0.16/28"));
    let links = [moves, other];
    let _made = apply(&fake, &links);
    fake.change(|state| {
        let source = state.services.get_mut(&service("a")).unwrap();
        source.annotations.remove(EGRESS);
    });
    let _recorded = apply(&fake, &links);
    assert!(fake.state().nat_serving(&team("team-net")).is_some());
    fake.take_journal();
    let _undone = apply(&fake, &[]);
    assert!(fake.state().nat_serving(&team("team-net")).is_some());
    fake.change(|state| {
        let source = state.services.get_mut(&service("a")).unwrap();
        source.traffic.clear();
    });
    let _moved = apply(&fake, &[]);
    assert_eq!(fake.state().nat_serving(&team("team-net")), None);
    let template = live(&fake, "a").vpc_access;
    assert_ne!(template, Some(through_team()), "left on our connector");
    for entry in fake.take_journal() {
        assert_eq!(judged(&entry, &origin, &Brought::default()), Ok(()));
    }
}

#[test]
fn the_judge_sees_a_revision_on_our_connector_lose_its_nat_under_a_template_that_left() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[link("t/one", "a", "b", "10.8.0.0/28")]);
    fake.change(|state| pin(state, &service("a")));
    let served = fake.state();
    fake.change(|state| state.routers.clear());
    let router = served.routers.values().next().unwrap();
    let entry = Entry {
        asked: served.clone(),
        before: served.clone(),
        write: Write::DeleteNat(privatelink_core::kinds::NatRef {
            router: router.id.clone(),
            name: router.nats[0].name.clone(),
        }),
        result: Ok(None),
        after: fake.state(),
        fault: None,
    };
    let wrong = judged(&entry, &before(), &Brought::default()).unwrap_err();
    assert!(wrong.starts_with("a lost the internet"), "{wrong}");
}

#[test]
fn what_leads_to_a_region_stays_until_what_was_adopted_there_has_got_back_what_it_had() {
    let fake = Fake::new(before(), 0);
    let mut wish = link("t/one", "a", "b", "10.8.0.0/28");
    adopt_spare(&fake, &mut wish);
    let with_nat = wish.clone();
    wish.internet = Internet::None;
    let _adopted = apply(&fake, &[wish]);
    let report = apply(&fake, &[with_nat]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    // Nobody declares anything in that region any more, and the router is all that leads there.
    let report = apply(&fake, &[]);
    assert_eq!(report.exit_code(), 0);
    let state = fake.state();
    assert!(!state.subnetworks[&team("spare")].private_google_access);
    assert!(!live(&fake, "a").annotations.contains_key(EGRESS));
    assert!(state.routers.is_empty());
    let _written = fake.take_journal();
    let _same = apply(&fake, &[]);
    assert!(fake.take_journal().is_empty());
}
