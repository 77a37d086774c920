//! Cloud Run jobs of others that leave through a connector of ours.

use privatelink_core::cloud::Scope;
use privatelink_core::codes::Code;
use privatelink_core::fake::Call;
use privatelink_core::kinds::{ConnectorState, Id, Job, Kind, RegionalRef};
use privatelink_core::plan::Action;

use super::*;

fn our_connector(state: &State) -> RegionalRef {
    let mut connectors = state.connectors.keys();
    let made = |id: &&RegionalRef| UNIVERSE.ours.made(id.name.as_str());
    connectors.find(made).unwrap().clone()
}

/// The job `nightly` sends everything through our connector.
fn run_a_job(fake: &Fake) {
    run(fake, "nightly", Routing::AllTraffic);
}

fn run(fake: &Fake, name: &str, routing: Routing) {
    fake.change(|state| {
        let connector = our_connector(state);
        let id = RegionalRef {
            name: name.parse().unwrap(),
            ..connector.clone()
        };
        let access = VpcAccess {
            attachment: Attachment::Connector(connector),
            routing,
        };
        let job = Job {
            id: id.clone(),
            vpc_access: Some(access),
        };
        state.jobs.insert(id, job);
    });
}

fn is_served(fake: &Fake) -> bool {
    let state = fake.state();
    let live = &state.connectors[&our_connector(&state)];
    state
        .nat_serving(live.subnetwork.as_ref().unwrap())
        .is_some()
}

fn of(report: &Report, kind: Kind) -> (Action, Option<Code>, String) {
    let mut steps = report.steps.iter();
    let step = steps.find(|step| step.id.kind() == kind).unwrap();
    (step.action, step.code, step.why.clone())
}

fn names_the_job(report: &Report) -> bool {
    let mut found = report.diagnostics.iter();
    found.any(|found| found.message.contains("/jobs/nightly") && found.help.is_some())
}

fn one() -> Link {
    link("t/one", "a", "b", "10.8.0.0/28")
}

#[test]
fn a_connector_and_its_nat_stay_for_a_job_and_go_after_it() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[one()]);
    run_a_job(&fake);
    for report in [plan(&fake, &[]), apply(&fake, &[]), apply(&fake, &[])] {
        let (action, code, why) = of(&report, Kind::Connector);
        assert_eq!((action, code), (Action::Wait, Some(Code::UsedByService)));
        assert!(why.contains("/jobs/nightly"), "{why}");
    }
    let report = apply(&fake, &[]);
    assert!(names_the_job(&report), "{:#?}", report.diagnostics);
    assert_eq!(report.exit_code(), 5);
    assert!(is_served(&fake));
    fake.change(|state| state.jobs.clear());
    assert_eq!(apply(&fake, &[]).exit_code(), 0);
    let state = fake.state();
    assert!(
        state.routers.is_empty()
            && !state
                .connectors
                .keys()
                .any(|id| UNIVERSE.ours.made(id.name.as_str()))
    );
}

#[test]
fn what_would_go_is_told_with_its_job_also_where_nothing_may_go() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[one()]);
    run_a_job(&fake);
    for policy in [Policy::ReportOnly, Policy::NoDelete] {
        let (wishes, mut orders, extra) = whole(&[]);
        orders.policy = policy;
        let told = super::run(&fake, preview(&fake, &wishes, &orders, &extra));
        let (_, _, why) = of(&told.value().unwrap(), Kind::Connector);
        assert!(why.contains("/jobs/nightly"), "{policy:?}: {why}");
    }
}

#[test]
fn a_plan_tells_that_a_connector_goes_which_is_still_being_changed() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[one()]);
    fake.change(|state| {
        let id = our_connector(state);
        state.connectors.get_mut(&id).unwrap().state = ConnectorState::Updating;
    });
    let told = plan(&fake, &[]);
    let mut later = told.later.iter();
    assert!(
        later.any(|step| step.id.kind() == Kind::Connector && step.action == Action::Delete),
        "{:#?}",
        told.later
    );
}

#[test]
fn what_jobs_there_are_has_to_be_known() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[one()]);
    let jobs = Scope::Jobs(UNIVERSE.prod.clone(), UNIVERSE.here.clone());
    fake.set_faults(Faults {
        unread: BTreeSet::from([jobs]),
        ..Faults::default()
    });
    let report = apply(&fake, &[]);
    assert_eq!(of(&report, Kind::Connector).1, Some(Code::ScopeUnreadable));
    assert_eq!(report.exit_code(), 1);
    assert!(is_served(&fake));
    // Where nothing goes, nobody asks.
    assert_eq!(apply(&fake, &[one()]).exit_code(), 0);
    let asked = fake
        .take_calls()
        .into_iter()
        .filter(|call| matches!(call, Call::List(Scope::Jobs(..))));
    let before = asked.count();
    assert!(before > 0);
    assert_eq!(apply(&fake, &[one()]).exit_code(), 0);
    let asked = fake
        .take_calls()
        .into_iter()
        .filter(|call| matches!(call, Call::List(Scope::Jobs(..))));
    assert_eq!(asked.count(), 0);
}

#[test]
fn a_range_keeps_private_google_access_for_a_job() {
    let fake = Fake::new(before(), 0);
    let mut wish = Link {
        internet: Internet::None,
        ..one()
    };
    adopt_spare(&fake, &mut wish);
    assert_eq!(apply(&fake, std::slice::from_ref(&wish)).exit_code(), 0);
    run_a_job(&fake);
    // Nothing else leads to the region.
    let keeps = link("t/keeps", "c", "d", "10.8.0.16/28");
    let _undone = apply(&fake, std::slice::from_ref(&keeps));
    assert!(fake.state().subnetworks[&team("spare")].private_google_access);
    fake.change(|state| state.jobs.clear());
    assert_eq!(apply(&fake, &[keeps]).exit_code(), 0);
    assert!(!fake.state().subnetworks[&team("spare")].private_google_access);
}

#[test]
fn a_nat_that_nobody_else_needs_stays_for_a_job_and_says_so() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[one()]);
    run_a_job(&fake);
    let without = Link {
        internet: Internet::None,
        ..one()
    };
    let report = apply(&fake, std::slice::from_ref(&without));
    assert!(is_served(&fake));
    assert!(names_the_job(&report), "{:#?}", report.diagnostics);
    assert!(
        report
            .steps
            .iter()
            .any(|step| matches!(step.id, Id::Nat(_)))
    );
    fake.change(|state| state.jobs.clear());
    assert_eq!(apply(&fake, &[without]).exit_code(), 0);
    assert!(!is_served(&fake));
}

#[test]
fn a_plan_promises_nothing_that_goes_on_serving_a_job() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[one()]);
    run_a_job(&fake);
    let moved = link("t/one", "a", "b", "10.8.0.16/28");
    let told = plan(&fake, std::slice::from_ref(&moved));
    let mut later = told.later.iter();
    let promised = later.find(|step| step.action == Action::Delete);
    assert!(promised.is_none(), "{promised:#?}");
    assert!(names_the_job(&told), "{:#?}", told.diagnostics);
    assert_eq!(apply(&fake, &[moved]).exit_code(), 5);
    assert_eq!(fake.state().jobs.len(), 1);
}

#[test]
fn all_jobs_on_a_connector_are_named() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[one()]);
    run_a_job(&fake);
    run(&fake, "weekly", Routing::PrivateRangesOnly);
    let (_, _, why) = of(&apply(&fake, &[]), Kind::Connector);
    assert!(
        why.contains("/jobs/nightly") && why.contains("/jobs/weekly"),
        "{why}"
    );
}

#[test]
fn a_job_that_stays_inside_keeps_the_connector_and_not_the_nat() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &[one()]);
    run(&fake, "nightly", Routing::PrivateRangesOnly);
    let without = Link {
        internet: Internet::None,
        ..one()
    };
    assert_eq!(apply(&fake, &[without]).exit_code(), 0);
    assert!(!is_served(&fake));
    let report = apply(&fake, &[]);
    assert_eq!(of(&report, Kind::Connector).1, Some(Code::UsedByService));
}

#[test]
fn what_this_run_may_not_take_away_is_not_blamed_on_a_job() {
    let fake = Fake::new(before(), 0);
    let other = link("t/other", "c", "d", "10.8.0.16/28");
    let _made = apply(&fake, std::slice::from_ref(&other));
    run_a_job(&fake);
    let _made = apply(&fake, &[one(), other.clone()]);
    let destroy = |gone: &Link| {
        let (wishes, mut orders, extra) = whole(std::slice::from_ref(gone));
        orders.prune = false;
        orders.destroy = BTreeSet::from([gone.name.clone()]);
        (wishes, orders, extra)
    };
    let (wishes, orders, extra) = destroy(&other);
    let undone = super::run(&fake, turn(&fake, &wishes, &orders, &extra, &|_| ()));
    assert!(names_the_job(&undone.value().unwrap()));
    let (wishes, orders, extra) = destroy(&one());
    let told = super::run(&fake, preview(&fake, &wishes, &orders, &extra));
    let told = told.value().unwrap();
    assert!(!names_the_job(&told), "{:#?}", told.diagnostics);
}
