//! What every scenario x every call x every fault found.

use privatelink_core::cloud::Scope;
use privatelink_core::codes::Code;
use privatelink_core::fake::{Fault, OTHER_WRITER};
use privatelink_core::kinds::service_ingress::ANNOTATION as INGRESS;

use super::*;

/// Plays a turn in which one read fails, for each of its reads, and judges what is left behind.
fn with_each_read_failing(before: &Fake, links: &[Link], judge: impl Fn(&Fake, usize)) {
    for number in 0..60 {
        let fake = before.fork();
        fake.set_faults(Faults {
            reads: BTreeMap::from([(number, ReadFault::Unreadable)]),
            ..Faults::default()
        });
        let _report = apply(&fake, links);
        judge(&fake, number);
    }
}

#[test]
fn a_source_keeps_its_nat_while_its_connector_cannot_be_read() {
    let fake = Fake::new(before(), 0);
    let stays = link("t/stays", "a", "b", "10.8.0.0/28");
    let _made = apply(
        &fake,
        &[stays.clone(), link("t/goes", "c", "d", "10.8.0.16/28")],
    );
    let connectors = Scope::Connectors(UNIVERSE.prod.clone(), UNIVERSE.here.clone());
    fake.set_faults(Faults {
        unread: BTreeSet::from([connectors]),
        ..Faults::default()
    });
    let _written = fake.take_journal();
    let _report = apply(&fake, &[stays]);
    // It may well be detached in the meantime; while it is not, it has the internet.
    let has_internet = |state: &State| {
        let attached = state.services[&service("c")].vpc_access.as_ref();
        let connector = attached.and_then(VpcAccess::connector);
        let subnetwork = connector.and_then(|id| state.connectors[id].subnetwork.as_ref());
        subnetwork.is_none_or(|id| state.nat_serving(id).is_some())
    };
    let journal = fake.take_journal();
    assert!(!journal.is_empty());
    assert!(journal.iter().all(|entry| has_internet(&entry.after)));
}

#[test]
fn what_was_adopted_is_given_back_although_it_could_not_be_read_for_a_while() {
    let fake = Fake::new(before(), 0);
    let mut wish = link("t/one", "a", "b", "10.9.0.16/28");
    wish.internet = Internet::None;
    adopt_spare(&fake, &mut wish);
    // A region is looked at only while something in it is declared or marked.
    let stays = link("t/stays", "c", "d", "10.8.0.0/28");
    let _made = apply(&fake, &[wish, stays.clone()]);
    assert!(fake.state().subnetworks[&team("spare")].private_google_access);
    with_each_read_failing(&fake, std::slice::from_ref(&stays), |fake, number| {
        fake.set_faults(Faults::default());
        let _undone = apply(fake, std::slice::from_ref(&stays));
        let state = fake.state();
        let given_back = !state.subnetworks[&team("spare")].private_google_access;
        assert!(given_back, "read {number}");
    });
}

#[test]
fn an_entry_that_somebody_lost_by_our_write_is_told_although_ours_is_as_wished() {
    let fake = Fake::new(before(), 0);
    fake.set_faults(Faults {
        sorts: BTreeMap::from([("PutNat", Fault::LostUpdate)]),
        ..Faults::default()
    });
    let report = apply(&fake, &[link("t/one", "a", "b", "10.8.0.0/28")]);
    let mut found = report.diagnostics.iter();
    assert!(found.any(|found| found.message.contains(OTHER_WRITER)));
    assert_eq!(report.exit_code(), 6);
}

#[test]
fn what_somebody_else_made_just_before_us_is_no_failure() {
    let fake = Fake::new(before(), 0);
    let wish = link("t/one", "a", "b", "10.8.0.0/28");
    let _made = apply(&fake, std::slice::from_ref(&wish));
    let made = fake.state();
    let late = Fake::new(before(), 0);
    // Another process of the same installation is through with everything when our first write arrives.
    late.set_meddler(move |state| *state = (*made).clone());
    late.set_faults(Faults {
        interference: BTreeSet::from([0]),
        ..Faults::default()
    });
    let report = apply(&late, &[wish]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
}

#[test]
fn a_source_is_not_moved_while_nobody_can_tell_whether_a_route_leads_out() {
    let mut state = before();
    state.routes.clear();
    let fake = Fake::new(state, 0);
    with_each_read_failing(
        &fake,
        &[link("t/one", "a", "b", "10.8.0.0/28")],
        |fake, number| {
            let state = fake.state();
            assert_eq!(
                state.services[&service("a")].vpc_access,
                None,
                "read {number}"
            );
        },
    );
}

#[test]
fn what_a_destination_admits_already_is_known_although_its_first_record_failed() {
    let mut state = before();
    state.services.get_mut(&service("b")).unwrap().ingress = IngressSetting::Internal;
    let wish = link("t/one", "a", "b", "10.8.0.0/28");
    for number in 0..8 {
        let fake = Fake::new(state.clone(), 0);
        fake.set_faults(Faults {
            writes: BTreeMap::from([(number, Fault::Denied)]),
            ..Faults::default()
        });
        let _disturbed = apply(&fake, std::slice::from_ref(&wish));
        fake.set_faults(Faults::default());
        let _report = apply(&fake, std::slice::from_ref(&wish));
        let record = fake.state().services[&service("b")].annotations[INGRESS].clone();
        assert!(!record.contains("Unknown"), "write {number}: {record}");
    }
}

#[test]
fn a_revision_that_failed_is_told_although_the_destination_is_refused() {
    let mut state = before();
    let balanced = IngressSetting::InternalAndCloudLoadBalancing;
    state.services.get_mut(&service("b")).unwrap().ingress = balanced;
    let fake = Fake::new(state, 0);
    let wish = link("t/one", "a", "b", "10.8.0.0/28");
    fake.set_faults(Faults {
        sorts: BTreeMap::from([("PatchService", Fault::Fails)]),
        ..Faults::default()
    });
    let _disturbed = apply(&fake, std::slice::from_ref(&wish));
    fake.set_faults(Faults::default());
    let report = apply(&fake, std::slice::from_ref(&wish));
    let told: BTreeSet<Code> = report.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(told, [Code::HeldBySomebody, Code::RevisionFailed].into());
}

/// The codes and links of what is told of two links to one destination, when the revision of every source that is led
/// into the network fails.
fn failed_beside(fake: &Fake, one: Link) -> Vec<(Code, Option<String>)> {
    let links = [one, link("t/two", "c", "b", "10.8.0.16/28")];
    fake.set_faults(Faults {
        sorts: BTreeMap::from([("PatchService", Fault::Fails)]),
        ..Faults::default()
    });
    let _disturbed = apply(fake, &links);
    fake.set_faults(Faults::default());
    let report = apply(fake, &links);
    let told = report.diagnostics.iter();
    told.map(|found| (found.code, found.link.as_ref().map(ToString::to_string)))
        .collect()
}

#[test]
fn a_revision_that_failed_is_told_although_another_link_to_the_destination_is_refused() {
    let mut refused = link("t/one", "a", "b", "10.8.0.0/28");
    refused.network.name = "nowhere".parse().unwrap();
    let told = failed_beside(&Fake::new(before(), 0), refused);
    let two = (Code::RevisionFailed, Some("t/two".to_owned()));
    assert!(told.contains(&two), "{told:?}");
}

#[test]
fn a_revision_that_failed_is_told_of_its_own_link() {
    let both = ["t/one", "t/two"].map(|link| (Code::RevisionFailed, Some(link.to_owned())));
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    let mut open = one.clone();
    open.ingress = None;
    let told = failed_beside(&Fake::new(before(), 0), open);
    assert!(both.iter().all(|it| told.contains(it)), "{told:?}");
    // Where the first link to the destination works, the second is the one that is told.
    let fake = Fake::new(before(), 0);
    assert_eq!(apply(&fake, std::slice::from_ref(&one)).exit_code(), 0);
    fake.change(|state| {
        state.services.get_mut(&service("b")).unwrap().ingress = IngressSetting::All;
    });
    assert_eq!(failed_beside(&fake, one), both[1..]);
}

#[test]
fn the_revisions_that_failed_of_two_sources_are_both_told() {
    let told = failed_beside(
        &Fake::new(before(), 0),
        link("t/one", "a", "b", "10.8.0.0/28"),
    );
    let both = ["t/one", "t/two"].map(|link| (Code::RevisionFailed, Some(link.to_owned())));
    assert_eq!(told, both);
}
