//! Sources of ours on somebody's connector, with a NAT of ours behind it, when their links are undone.

use privatelink_core::cloud::Write;
use privatelink_core::codes::Code;
use privatelink_core::fake::{Entry, Fault};
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::plan::Action;
use privatelink_core::report::StepReport;

use super::records::{adopting, judged, live, through_team, through_team_connector};
use super::*;
use crate::judge::Brought;

/// A link through the team's connector, with a NAT of ours behind it.
fn guest() -> Link {
    through_team_connector(link("t/one", "a", "b", "10.8.0.0/28"))
}

fn made(origin: State, link: &Link) -> Fake {
    let fake = Fake::new(origin, 0);
    let report = apply(&fake, std::slice::from_ref(link));
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert!(has_internet(&fake));
    fake
}

fn has_internet(fake: &Fake) -> bool {
    fake.state().nat_serving(&team("team-net")).is_some()
}

/// All requests go on to the revision that is the newest now.
fn pin(fake: &Fake) {
    fake.change(|state| {
        let source = state.services.get_mut(&service("a")).unwrap();
        source.traffic = vec![Traffic {
            revision: source.latest_ready.clone(),
            percent: 100,
            tag: None,
        }];
        state.touch(&service("a"));
    });
}

fn unpin(fake: &Fake) {
    fake.change(|state| {
        let source = state.services.get_mut(&service("a")).unwrap();
        source.traffic.clear();
        state.touch(&service("a"));
    });
}

fn forget(fake: &Fake) {
    fake.change(|state| {
        let source = state.services.get_mut(&service("a")).unwrap();
        source.annotations.remove(EGRESS);
        state.touch(&service("a"));
    });
}

fn move_by_hand(fake: &Fake, access: Option<VpcAccess>) {
    fake.change(|state| {
        state.deploy(&service("a"), access, None);
        state.touch(&service("a"));
    });
}

fn waits(report: &Report) -> Vec<&StepReport> {
    let steps = report.steps.iter();
    steps.filter(|step| step.action == Action::Wait).collect()
}

/// The links are undone, and the source waits for this with its NAT and its record, in the next run too.
fn undone_and_waits(fake: &Fake, code: Code) {
    let report = apply(fake, &[]);
    assert_eq!(
        report.exit_code(),
        5,
        "{:?} {:?}",
        report.diagnostics,
        report.steps
    );
    fake.take_journal();
    let report = apply(fake, &[]);
    assert_eq!(fake.take_journal().len(), 0);
    assert_eq!(report.exit_code(), 5);
    let source = waits(&report)
        .into_iter()
        .find(|step| step.id.to_string().contains("services/a"));
    assert_eq!(source.unwrap().code, Some(code));
    let told = report.diagnostics.iter().find(|found| found.code == code);
    assert!(told.unwrap().help.is_some());
    assert!(has_internet(fake));
    assert!(live(fake, "a").annotations.contains_key(EGRESS));
}

/// The links are undone in one run, and nothing of ours is left.
fn undone_and_clean(fake: &Fake) {
    let report = apply(fake, &[]);
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert!(!has_internet(fake));
    assert!(!live(fake, "a").annotations.contains_key(EGRESS));
    fake.take_journal();
    assert_eq!(apply(fake, &[]).exit_code(), 0);
    assert_eq!(fake.take_journal().len(), 0);
}

#[test]
fn a_nat_behind_somebodys_connector_stays_for_a_revision_that_a_link_sent_there() {
    let fake = made(before(), &guest());
    pin(&fake);
    undone_and_waits(&fake, Code::TrafficPinned);
    assert_eq!(live(&fake, "a").vpc_access, None);
    unpin(&fake);
    undone_and_clean(&fake);
}

#[test]
fn a_nat_behind_somebodys_connector_stays_while_what_the_source_had_does_not_start() {
    let fake = made(before(), &guest());
    for fault in [Fault::Fails, Fault::Unending] {
        let fake = fake.fork();
        fake.set_faults(Faults {
            sorts: BTreeMap::from([("PatchService", fault)]),
            ..Faults::default()
        });
        let _failed = apply(&fake, &[]);
        fake.set_faults(Faults::default());
        assert!(has_internet(&fake), "{fault:?}");
        let _undone = apply(&fake, &[]);
        move_by_hand(&fake, None);
        fake.change(|state| {
            let source = state.services.get_mut(&service("a")).unwrap();
            source.reconciling = false;
        });
        undone_and_clean(&fake);
    }
}

#[test]
fn a_nat_behind_somebodys_connector_stays_for_a_source_of_which_nobody_knows_what_it_had() {
    let fake = made(before(), &guest());
    forget(&fake);
    assert_eq!(apply(&fake, &[guest()]).exit_code(), 0);
    undone_and_waits(&fake, Code::FormerValueUnknown);
    assert_eq!(live(&fake, "a").vpc_access, Some(through_team()));
    // Declared again, it is known no better.
    assert_eq!(apply(&fake, &[guest()]).exit_code(), 0);
    undone_and_waits(&fake, Code::FormerValueUnknown);
    let by_hand = fake.fork();
    move_by_hand(&by_hand, None);
    undone_and_clean(&by_hand);
    // It was there before us, says whoever takes the record away.
    forget(&fake);
    undone_and_clean(&fake);
}

#[test]
fn a_nat_behind_somebodys_connector_goes_when_its_source_was_there_before_us() {
    let mut origin = before();
    origin.deploy(&service("a"), Some(through_team()), None);
    let fake = made(origin.clone(), &guest());
    let pinned = fake.fork();
    undone_and_clean(&fake);
    pin(&pinned);
    let mut brought = Brought::default();
    for entry in pinned.take_journal() {
        brought.follow(&entry, None);
    }
    let _undone = apply(&pinned, &[]);
    for entry in pinned.take_journal() {
        assert_eq!(judged(&entry, &origin, &brought), Ok(()));
    }
    undone_and_clean(&pinned);
    assert_eq!(live(&pinned, "a").vpc_access, Some(through_team()));
}

#[test]
fn a_source_that_sent_only_private_ranges_through_a_connector_had_the_internet_elsewhere() {
    let mut origin = before();
    let private = VpcAccess {
        routing: Routing::PrivateRangesOnly,
        ..through_team()
    };
    origin.deploy(&service("a"), Some(private.clone()), None);
    let wish = adopting(guest(), AdoptionKind::ServiceEgress, "a");
    let fake = made(origin, &wish);
    let moved = fake.fork();
    undone_and_clean(&moved);
    assert_eq!(live(&moved, "a").vpc_access, Some(private));
    pin(&fake);
    undone_and_waits(&fake, Code::TrafficPinned);
    unpin(&fake);
    undone_and_clean(&fake);
}

#[test]
fn a_source_that_somebody_moved_onto_the_connector_keeps_no_nat_there() {
    let own = link("t/one", "a", "b", "10.8.0.0/28");
    let other = through_team_connector(link("t/other", "c", "d", "10.8.0.16/28"));
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[own, other]);
    move_by_hand(&fake, Some(through_team()));
    undone_and_clean(&fake);
    assert_eq!(live(&fake, "a").vpc_access, Some(through_team()));
}

#[test]
fn an_adopted_subnetwork_waits_for_the_revision_that_a_link_sent_there() {
    let mut origin = before();
    let subnetwork = origin.subnetworks.get_mut(&team("team-net")).unwrap();
    subnetwork.private_google_access = false;
    let wish = adopting(guest(), AdoptionKind::Subnetwork, "team-net");
    let without = Link {
        internet: Internet::None,
        ..wish.clone()
    };
    // Something of ours stays, so that all of the rest is found in one run.
    let stays = link("t/stays", "c", "d", "10.8.0.16/28");
    let fake = Fake::new(origin, 0);
    let _adopted = apply(&fake, &[without, stays.clone()]);
    assert_eq!(apply(&fake, &[wish, stays.clone()]).exit_code(), 0);
    pin(&fake);
    let on = |fake: &Fake| fake.state().subnetworks[&team("team-net")].private_google_access;
    for _ in 0..2 {
        let report = apply(&fake, std::slice::from_ref(&stays));
        assert_eq!(report.exit_code(), 5, "{:?}", report.diagnostics);
        assert!(has_internet(&fake) && on(&fake));
    }
    unpin(&fake);
    assert_eq!(apply(&fake, std::slice::from_ref(&stays)).exit_code(), 0);
    assert!(!has_internet(&fake) && !on(&fake));
    assert!(!live(&fake, "a").annotations.contains_key(EGRESS));
    fake.take_journal();
    let _again = apply(&fake, &[stays]);
    assert_eq!(fake.take_journal().len(), 0);
}

#[test]
fn a_nat_behind_somebodys_connector_stays_while_a_revision_that_serves_cannot_be_read() {
    let beside = link("t/beside", "c", "d", "10.8.0.16/28");
    let alone: &[Link] = &[];
    for left in [alone, std::slice::from_ref(&beside)] {
        let pinned = Fake::new(before(), 0);
        let _made = apply(&pinned, &[&[guest()], left].concat());
        pin(&pinned);
        let waiting = pinned.fork();
        let _undone = apply(&waiting, left);
        for (read, fake) in (0..60).flat_map(|read| [(read, &pinned), (read, &waiting)]) {
            let fake = fake.fork();
            fake.set_faults(Faults {
                reads: BTreeMap::from([(read, ReadFault::Unreadable)]),
                ..Faults::default()
            });
            let _undone = apply(&fake, left);
            fake.set_faults(Faults::default());
            assert!(has_internet(&fake), "read {read}");
            assert_eq!(apply(&fake, left).exit_code(), 5);
            assert!(has_internet(&fake), "after read {read}");
        }
    }
}

#[test]
fn a_link_that_is_destroyed_by_name_is_finished_by_name() {
    let fake = made(before(), &guest());
    pin(&fake);
    let destroy = || {
        let (wishes, mut orders, extra) = whole(&[guest()]);
        orders.prune = false;
        orders.destroy.insert(guest().name);
        let undone = run(&fake, turn(&fake, &wishes, &orders, &extra, &|_| ()));
        undone.value().unwrap().exit_code()
    };
    assert_eq!([destroy(), destroy()], [5, 5]);
    assert!(has_internet(&fake));
    unpin(&fake);
    assert_eq!(destroy(), 0);
    assert!(!has_internet(&fake));
    assert!(!live(&fake, "a").annotations.contains_key(EGRESS));
}

#[test]
fn the_judge_sees_a_source_that_a_link_sent_to_somebodys_connector_lose_its_nat_there() {
    let fake = made(before(), &guest());
    let mut brought = Brought::default();
    let journal = fake.take_journal();
    let last = journal.last().unwrap().clone();
    for entry in &journal {
        brought.follow(entry, None);
    }
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
        ..last
    };
    let wrong = judged(&entry, &before(), &brought).unwrap_err();
    assert!(wrong.starts_with("a lost the internet"), "{wrong}");
    // Whoever was there without us has lost a gift.
    assert_eq!(judged(&entry, &before(), &Brought::default()), Ok(()));
    // So has one whose record somebody took away: nobody can know.
    brought.look(&served);
    let mut forgot = (*served).clone();
    forgot
        .services
        .get_mut(&service("a"))
        .unwrap()
        .annotations
        .remove(EGRESS);
    brought.others_acted(&forgot);
    assert_eq!(judged(&entry, &before(), &brought), Ok(()));
}

#[test]
fn an_adopted_range_that_somebody_s_nat_serves_waits_for_what_it_had() {
    let fake = Fake::new(before(), 0);
    let mut wish = Link {
        internet: Internet::None,
        ..link("t/one", "a", "b", "10.8.0.0/28")
    };
    adopt_spare(&fake, &mut wish);
    let keeps = link("t/keeps", "c", "d", "10.8.0.16/28");
    let both = [wish, keeps.clone()];
    assert_eq!(apply(&fake, &both).exit_code(), 0);
    let sources = BTreeMap::from([(team("spare"), BTreeSet::from(["ALL_IP_RANGES".to_owned()]))]);
    let theirs = LiveNat {
        name: "theirs".parse().unwrap(),
        public: true,
        addresses: NatAddresses::Auto,
        sources: NatSources::Listed(sources),
        min_ports_per_vm: None,
    };
    let router = LiveRouter {
        has_peers: false,
        id: team("team-router"),
        network: UNIVERSE.main.clone(),
        mark: None,
        nats: vec![theirs],
    };
    fake.change(|state| drop(state.routers.insert(router.id.clone(), router)));
    let report = apply(&fake, std::slice::from_ref(&keeps));
    assert_eq!(report.exit_code(), 5, "{:#?}", report.steps);
    let mut told = report.diagnostics.iter();
    assert!(told.any(|found| found.message.contains("nats/theirs serves it")));
    fake.change(|state| drop(state.routers.remove(&team("team-router"))));
    assert_eq!(apply(&fake, &[keeps]).exit_code(), 0);
    assert!(!fake.state().subnetworks[&team("spare")].private_google_access);
}
