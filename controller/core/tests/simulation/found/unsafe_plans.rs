//! The plan's own safety check: what a planner with a mistake in it would do, and that none of it is carried out.

use std::sync::Mutex;

use privatelink_core::cloud::Write;
use privatelink_core::codes::Code;
use privatelink_core::decide::{Decision, decide};
use privatelink_core::fake::{mistaken_decision, mistaken_turn};
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::kinds::{Id, NatRef};
use privatelink_core::plan::{Action, Plan, Step};

use super::*;

/// What is decided of these links, by us and by a planner that makes this mistake, in a world where one of them was
/// applied and somebody took its source's annotation for the team away and gave another.
fn decided(links: &[Link], mistake: &(dyn Fn(&mut Plan) + Sync)) -> [Decision; 2] {
    let fake = Fake::new(before(), 0);
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    let _applied = apply(&fake, std::slice::from_ref(&one));
    let (wishes, orders, extra) = whole(links);
    let both = Mutex::new(None);
    let look = |_: &mut Plan, world: &_| {
        let none = BTreeSet::new();
        // The first pass tells enough.
        both.lock().unwrap().get_or_insert_with(|| {
            let ours = decide(&wishes, &orders, world, &none);
            [
                ours,
                mistaken_decision(&wishes, &orders, world, &none, mistake),
            ]
        });
    };
    let turn = mistaken_turn(&fake, &wishes, &orders, &extra, &look);
    let _ended = run(&fake, turn).value().unwrap();
    both.into_inner().unwrap().unwrap()
}

/// The check refuses this step, says why, and leaves every other step as it was decided.
fn is_caught(links: &[Link], id: &Id, why: &str, mistake: impl Fn(&mut Plan) + Sync) {
    let [ours, mistaken] = decided(links, &mistake);
    let unsafe_ones = |decision: &Decision| -> Vec<String> {
        let found = decision.diagnostics.iter();
        let found = found.filter(|it| it.code == Code::PlanUnsafe);
        found.map(|it| it.message.clone()).collect()
    };
    assert_eq!(unsafe_ones(&ours), Vec::<String>::new());
    let told = unsafe_ones(&mistaken);
    assert!(!told.is_empty(), "nothing is told of {id}");
    assert!(
        told.iter().all(|it| it.ends_with(&format!(": {why}"))),
        "{told:?}"
    );
    let step = &mistaken.plan.steps[id];
    assert_eq!(
        (step.action, step.code),
        (Action::Refuse, Some(Code::PlanUnsafe))
    );
    assert_eq!(step.write, None);
    let others = |decision: &Decision| {
        let mut steps = decision.plan.steps.clone();
        steps.remove(id);
        steps
    };
    assert_eq!(others(&ours), others(&mistaken));
}

/// The link that was applied, and one more, so that there is something to do.
fn two() -> [Link; 2] {
    [
        link("t/one", "a", "b", "10.8.0.0/28"),
        link("t/two", "c", "d", "10.8.0.16/28"),
    ]
}

fn first(plan: &Plan, is: impl Fn(&Id, &Step) -> bool) -> Id {
    let found = plan.steps.iter().find(|(id, step)| is(id, step));
    found.unwrap().0.clone()
}

fn creates_a_subnetwork(id: &Id, step: &Step) -> bool {
    matches!(id, Id::Subnetwork(_)) && step.action == Action::Create
}

fn patches(_: &Id, step: &Step) -> bool {
    matches!(step.write, Some(Write::PatchService(_)))
}

/// Where the mistakes are made: the identity of a step of the honest plan.
fn of_ours(links: &[Link], is: impl Fn(&Id, &Step) -> bool) -> Id {
    let [ours, _] = decided(links, &|_| ());
    first(&ours.plan, is)
}

#[test]
fn what_does_not_carry_our_mark_is_not_deleted() {
    let router = team("team-router");
    let nat = NatRef {
        router: router.clone(),
        name: "team-nat".parse().unwrap(),
    };
    let unmarked = "it does not carry our mark, so it is not ours to delete";
    let named = "it is not ours to delete";
    for (id, write, why) in [
        (
            Id::Subnetwork(team("spare")),
            Write::DeleteSubnetwork(team("spare")),
            unmarked,
        ),
        (
            Id::Address(team("ip-one")),
            Write::DeleteAddress(team("ip-one")),
            unmarked,
        ),
        (
            Id::Router(router.clone()),
            Write::DeleteRouter(router),
            unmarked,
        ),
        (Id::Nat(nat.clone()), Write::DeleteNat(nat), named),
        (
            Id::Connector(team("legacy")),
            Write::DeleteConnector(team("legacy")),
            named,
        ),
    ] {
        is_caught(&two(), &id, why, |plan| {
            let step = Step::delete("no link wants it any more", write.clone());
            plan.steps.insert(id.clone(), step);
        });
    }
}

/// The write of the first step of the honest plan that `is` one.
fn write_of<T>(links: &[Link], is: impl Fn(&Write) -> Option<T>) -> T {
    let [ours, _] = decided(links, &|_| ());
    let mut writes = ours.plan.steps.values().filter_map(|it| it.write.as_ref());
    writes.find_map(is).unwrap()
}

#[test]
fn what_is_not_called_as_ours_are_is_not_written() {
    let links = two();
    let mut grown = write_of(&links, |write| match write {
        Write::CreateConnector(connector) => Some(connector.clone()),
        _ => None,
    });
    grown.id = team("legacy");
    let mut entry = write_of(&links, |write| match write {
        Write::PutNat(nat) => Some(nat.clone()),
        _ => None,
    });
    entry.id.name = "team-nat".parse().unwrap();
    for (id, write) in [
        (
            Id::Connector(grown.id.clone()),
            Write::UpdateConnector(grown),
        ),
        (Id::Nat(entry.id.clone()), Write::PutNat(entry)),
    ] {
        is_caught(&links, &id, "it is not ours to write", |plan| {
            let step = Step::update("it is too small", Vec::new(), write.clone());
            plan.steps.insert(id.clone(), step);
        });
    }
}

#[test]
fn what_is_made_carries_our_mark() {
    let links = two();
    let id = of_ours(&links, creates_a_subnetwork);
    let why = "what it makes would not carry our mark";
    is_caught(&links, &id, why, |plan| {
        let step = plan.steps.get_mut(&id).unwrap();
        let Some(Write::CreateSubnetwork(_, mark)) = &mut step.write else {
            panic!("{id} is made otherwise");
        };
        mark.installation = UNIVERSE.other.clone();
    });
}

#[test]
fn a_connector_under_a_service_is_not_deleted() {
    let links = two();
    let id = of_ours(&links, |id, step| {
        matches!(id, Id::Connector(_)) && step.action == Action::Nothing
    });
    let Id::Connector(connector) = id.clone() else {
        panic!("{id} is no connector");
    };
    let why = format!("{} still sends its traffic through it", service("a"));
    is_caught(&links, &id, &why, |plan| {
        let write = Write::DeleteConnector(connector.clone());
        let step = Step::delete("no link wants it any more", write);
        plan.steps.insert(id.clone(), step);
    });
}

#[test]
fn a_write_is_that_of_its_step() {
    let links = two();
    let id = of_ours(&links, creates_a_subnetwork);
    is_caught(&links, &id, "its write is about something else", |plan| {
        let step = plan.steps.get_mut(&id).unwrap();
        step.write = Some(Write::DeleteSubnetwork(team("spare")));
    });
    let why = "it acts, and nothing says how";
    is_caught(&links, &id, why, |plan| {
        plan.steps.get_mut(&id).unwrap().write = None;
    });
    let still = of_ours(&links, |_, step| step.action == Action::Nothing);
    let why = "it does not act, and still would write";
    is_caught(&links, &still, why, |plan| {
        let write = plan.steps[&id].write.clone();
        plan.steps.get_mut(&still).unwrap().write = write;
    });
}

#[test]
fn what_comes_first_is_in_the_plan_and_is_done() {
    let links = two();
    let id = of_ours(&links, patches);
    is_caught(&links, &id, "it comes after itself", |plan| {
        let own = BTreeSet::from([id.clone()]);
        plan.steps.get_mut(&id).unwrap().after = own;
    });
    let idle = of_ours(&links, |_, step| step.action == Action::Nothing);
    let why = format!("it comes after {idle}, which is not done");
    is_caught(&links, &id, &why, |plan| {
        let after = BTreeSet::from([idle.clone()]);
        plan.steps.get_mut(&id).unwrap().after = after;
    });
}

#[test]
fn annotations_of_others_stay() {
    let links = two();
    let id = of_ours(&links, patches);
    let why = "it would change other people's annotations";
    is_caught(&links, &id, why, |plan| {
        let step = plan.steps.get_mut(&id).unwrap();
        let Some(Write::PatchService(patch)) = &mut step.write else {
            panic!("{id} is patched otherwise");
        };
        patch.annotations.retain(|key, _| key == EGRESS);
    });
}
