//! A broken link never changes the plan of an unrelated one.

use std::collections::BTreeSet;

use privatelink_core::decide::{Orders, Wishes};
use privatelink_core::fake::{Fake, run};
use privatelink_core::ids::LinkName;
use privatelink_core::kinds::Kind;
use privatelink_core::link::{Internet, Link};
use privatelink_core::modes;
use privatelink_core::policy::Policy;
use privatelink_core::report::{Report, StepReport};
use privatelink_core::turn::{preview, turn};
use privatelink_core::world::World;

use crate::declare::Declarations;
use crate::rng::Rng;
use crate::universe::{UNIVERSE, world};

/// What a link has a part in: its things, both services as a whole, and the router where it has a NAT.
fn touches(link: &Link) -> BTreeSet<String> {
    let needs = modes::needs(link, &World::default(), &UNIVERSE.ours);
    let things = needs.resources.iter().map(|(resource, _)| resource.id());
    let mut touched: BTreeSet<String> = things
        .filter(|id| !matches!(id, privatelink_core::kinds::Id::Network(_)))
        .map(|id| id.lock().to_string())
        .collect();
    touched.extend([&link.source, &link.destination].map(|id| format!("{id}#egress")));
    if matches!(link.internet, Internet::Nat(_)) {
        touched.insert(format!("{} {}", link.network, link.region));
    }
    touched
}

/// The links that have something to do with this one, however far away.
fn related(links: &[Link], to: &LinkName) -> BTreeSet<LinkName> {
    let mut names = BTreeSet::from([to.clone()]);
    let mut touched: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = (names.len(), touched.len());
        for link in links {
            let own = touches(link);
            if names.contains(&link.name) || !own.is_disjoint(&touched) {
                names.insert(link.name.clone());
                touched.extend(own);
            }
        }
        if (names.len(), touched.len()) == before {
            return names;
        }
    }
}

fn steps_of_others<'a>(report: &'a Report, related: &BTreeSet<LinkName>) -> Vec<&'a StepReport> {
    // A network is looked for on behalf of everybody in it.
    let apart = |step: &&StepReport| {
        step.kind != Kind::Network && !step.links.is_empty() && step.links.is_disjoint(related)
    };
    report.steps.iter().filter(apart).collect()
}

#[test]
fn a_broken_link_never_changes_the_plan_of_an_unrelated_one() {
    let mut compared = 0;
    for seed in 0..400 {
        let mut rng = Rng::new(seed);
        let fake = Fake::new(world(&mut rng, seed % 2 == 0), 0);
        let mut declarations = Declarations::new(&mut rng, false, "");
        let orders = Orders {
            ours: UNIVERSE.ours.clone(),
            policy: Policy::Sync,
            prune: true,
            allow_empty: true,
            destroy: BTreeSet::new(),
        };
        let extra = BTreeSet::from([
            UNIVERSE.prod.clone(),
            UNIVERSE.edge.clone(),
            UNIVERSE.host.clone(),
        ]);
        if rng.percent(70) {
            let _applied = run(
                &fake,
                turn(&fake, &declarations.wishes(true), &orders, &extra, &|_| ()),
            );
        }
        for _ in 0..3 {
            declarations.edit(&mut rng);
        }
        declarations.mend();
        let whole = declarations.wishes(true);
        let Some(link) = whole.links.first() else {
            continue;
        };
        let mut links = whole.links.clone();
        let around = related(&links, &link.name);
        links.retain(|other| other.name != link.name);
        let broken = Wishes {
            links,
            broken: BTreeSet::from([link.name.clone()]),
            complete: true,
        };
        let with = run(&fake, preview(&fake, &whole, &orders, &extra))
            .value()
            .unwrap();
        let without = run(&fake, preview(&fake, &broken, &orders, &extra))
            .value()
            .unwrap();
        let (with, without) = (
            steps_of_others(&with, &around),
            steps_of_others(&without, &around),
        );
        assert_eq!(with, without, "seed {seed}: breaking {}", link.name);
        compared += with.len();
    }
    assert!(compared > 100, "only {compared} steps were compared");
}
