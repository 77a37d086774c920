//! One history: a world, declarations, turns with faults between edits and tampering; then quiet, and then undone.

#[path = "history/ending.rs"]
mod ending;
#[path = "history/faults.rs"]
mod faults;

use std::collections::BTreeSet;
use std::sync::Arc;

use privatelink_core::cloud::{Scope, Write};
use privatelink_core::decide::Orders;
use privatelink_core::fake::{Ended, Entry, Fake, Fault, Faults, ReadFault, State, run};
use privatelink_core::ids::{LinkName, ProjectId};
use privatelink_core::kinds::{FieldChange, managed_fields};
use privatelink_core::link::{Link, ServiceRef};
use privatelink_core::path::Verdict;
use privatelink_core::policy::Policy;
use privatelink_core::report::Report;
use privatelink_core::standing::Standing;
use privatelink_core::turn::preview;

use crate::declare::Declarations;
use crate::judge::{Brief, Brought, judge, others_entries};
use crate::planted::{self, Bug};
use crate::rng::Rng;
use crate::settled;
use crate::table::{Cause, SORTS, Table};
use crate::tamper;
use crate::told;
use crate::universe::{UNIVERSE, world};

/// What a history came to.
pub(crate) struct Played {
    /// The first thing that went wrong.
    pub(crate) wrong: Option<String>,
    pub(crate) table: Table,
    /// What happened, when it was asked for.
    pub(crate) told: Vec<String>,
    /// Every write that the cloud took on, when it was asked for what happened.
    #[allow(dead_code)]
    // The differential test replays it; the simulation has judged it already.
    pub(crate) journal: Vec<Entry>,
    /// What was there when it began.
    #[allow(dead_code)] // As the journal.
    pub(crate) origin: Arc<State>,
}

/// A history under way.
struct History {
    rng: Rng,
    fake: Fake,
    origin: Arc<State>,
    declarations: Declarations,
    extra: BTreeSet<ProjectId>,
    /// Are all projects looked at in every turn, or those of the declarations alone?
    scoped: bool,
    bug: Option<Bug>,
    plain: bool,
    faulty: bool,
    table: Table,
    told: Option<Vec<String>>,
    kept: Vec<Entry>,
    brought: Brought,
    /// Have others touched what we manage?
    tampered: bool,
    /// The sort of write that faults hit most.
    focus: &'static str,
    /// Services whose container did not start when we rolled it out: such a source has no path, and its newest
    /// revision stays failed until its team deploys another one.
    rollout_failed: BTreeSet<ServiceRef>,
    /// Was every link enforced in the end?
    all_enforced: bool,
    /// Who is faster than we are, and when: chance of its own, so that seeds from before still tell their stories.
    rivalry: Rng,
    /// Which list is denied for a whole turn, and when: by chances of its own, too.
    denial: Rng,
}

/// Plays the history of a seed, by a process with this bug or by ours.
pub(crate) fn play(seed: u64, bug: Option<Bug>, tell: bool) -> Played {
    let mut rng = Rng::new(seed);
    let plain = rng.percent(35);
    let state = world(&mut rng, plain);
    let focus = rng.weighted(SORTS);
    let declarations = Declarations::new(&mut rng, plain, focus);
    let latency = rng.below(6) as u64;
    let mut history = History {
        fake: Fake::new(state.clone(), latency),
        origin: Arc::new(state),
        declarations,
        extra: BTreeSet::from([
            UNIVERSE.prod.clone(),
            UNIVERSE.edge.clone(),
            UNIVERSE.host.clone(),
        ]),
        scoped: rng.percent(60),
        bug,
        plain,
        // What is rare is rarer still together with a fault.
        faulty: rng.percent(if matches!(focus, "SetPrivateGoogleAccess" | "PutNat") {
            90
        } else {
            55
        }),
        table: Table::default(),
        told: tell.then(Vec::new),
        kept: Vec::new(),
        brought: Brought::default(),
        tampered: false,
        rollout_failed: BTreeSet::new(),
        all_enforced: false,
        focus,
        rng,
        rivalry: Rng::new(!seed),
        denial: Rng::new(seed.rotate_left(32)),
    };
    let wrong = history.play().err();
    Played {
        wrong,
        table: history.table,
        told: history.told.unwrap_or_default(),
        journal: history.kept,
        origin: history.origin,
    }
}

type Fine = Result<(), String>;

impl History {
    fn play(&mut self) -> Fine {
        let tampers = !self.plain && self.rng.percent(50);
        for round in 0..=self.rng.below(4) {
            if round > 0 {
                self.others(tampers);
                self.towards_focus(tampers);
                for _ in 0..self.rng.below(3) {
                    let edit = self.declarations.edit(&mut self.rng);
                    self.tell(|| format!("edit: {edit}"));
                }
            }
            let orders = self.some_orders();
            let complete = !self.rng.percent(10);
            let mut faults = self.some_faults(tampers);
            if round == 0
                && matches!(
                    self.focus,
                    "SetPrivateGoogleAccess" | "PutNat" | "UpdateConnector"
                )
            {
                // There has to be something before it can change.
                faults.sorts.clear();
            }
            let _how_it_ended = self.turn(&orders, complete, faults)?;
        }
        self.settle()?;
        self.undo()
    }

    /// Something that makes the writes more likely which this history is about.
    fn towards_focus(&mut self, tampers: bool) {
        let dry = self.focus == "SetPrivateGoogleAccess";
        if dry && !self.plain {
            self.tampered = true;
            self.fake.change(tamper::switch_all_off);
        }
        if dry || self.focus == "UpdateConnector" {
            self.declarations.grow_one(&mut self.rng);
        }
        if self.focus == "DeleteAddress" && tampers {
            let rng = &mut self.rng;
            self.tampered = true;
            self.fake.change(|state| tamper::take_address(state, rng));
        }
        if self.focus == "PutNat" {
            let rng = &mut self.rng;
            self.declarations.renew_nat(rng);
            if !self.plain {
                self.tampered = true;
                self.fake.change(|state| tamper::edit_nat(state, rng));
            }
        }
    }

    fn others(&mut self, tampers: bool) {
        for _ in 0..self.rng.below(3) {
            let rng = &mut self.rng;
            let mut what = "";
            if tampers {
                self.fake
                    .change(|state| what = tamper::anywhere(state, rng));
                self.tampered = true;
            } else if rng.percent(50) {
                self.fake
                    .change(|state| what = tamper::elsewhere(state, rng));
            }
            self.tell(|| format!("others: {what}"));
        }
    }

    fn some_orders(&mut self) -> Orders {
        let policy = self.rng.weighted(&[
            (88, Policy::Sync),
            (7, Policy::NoDelete),
            (5, Policy::ReportOnly),
        ]);
        let prune = self.rng.percent(80);
        let destroy = if self.rng.percent(7) {
            self.declarations
                .links()
                .take(1)
                .map(|link| link.name.clone())
                .collect()
        } else {
            BTreeSet::new()
        };
        Orders {
            ours: UNIVERSE.ours.clone(),
            policy,
            prune,
            allow_empty: self.rng.percent(70),
            destroy,
        }
    }

    /// One turn, judged write by write: what was written, and how things stood at its end.
    fn turn(
        &mut self,
        orders: &Orders,
        complete: bool,
        faults: Faults,
    ) -> Result<(Vec<Entry>, Report), String> {
        let mut wishes = self.declarations.wishes(complete);
        if !complete {
            // What could not be read declares nothing.
            wishes.links.pop();
        }
        let stale = faults
            .reads
            .values()
            .any(|fault| matches!(fault, ReadFault::Stale(_)));
        let unreadable = faults
            .reads
            .values()
            .any(|fault| *fault == ReadFault::Unreadable);
        let unreachable = faults
            .reads
            .values()
            .any(|fault| *fault == ReadFault::Unreachable);
        let loose = stale
            || !faults.meddling.is_empty()
            || !faults.interference.is_empty()
            || !faults.rivals.is_empty();
        let extra = if self.scoped {
            self.extra.clone()
        } else {
            BTreeSet::new()
        };
        let read = if stale {
            Cause::Stale
        } else if unreadable {
            Cause::Unreadable
        } else if unreachable {
            Cause::Unreachable
        } else {
            Cause::Nothing
        };
        if self.told.is_some() {
            let broken = format!("{:?}", wishes.broken);
            let Orders {
                policy,
                prune,
                allow_empty,
                destroy,
                ours: _,
            } = orders;
            self.tell(|| format!("turn: {policy:?} prune={prune} empty={allow_empty} destroy={destroy:?} complete={complete} {faults:?} broken={broken}"));
            for link in &wishes.links {
                let (name, source, destination) =
                    (&link.name, &link.source.name, &link.destination.name);
                let Link {
                    ingress,
                    egress,
                    internet,
                    adopt,
                    policy,
                    network,
                    ..
                } = link;
                self.tell(|| format!("  {name} {source}->{destination} {ingress:?} {} {egress:?} {internet:?} {policy:?} {adopt:?}", network.name));
            }
        }
        let before = self.fake.state();
        self.brought.others_acted(&before);
        self.fake.set_faults(faults);
        let mut ended = run(
            &self.fake,
            planted::turn(&self.fake, &wishes, orders, &extra, self.bug),
        );
        if self.bug.is_some() && matches!(ended, Ended::With(_)) {
            // What it says itself is not to be trusted.
            self.fake.set_faults(Faults::default());
            ended = run(&self.fake, preview(&self.fake, &wishes, orders, &extra));
        }
        self.fake.set_faults(Faults::default());
        self.fake.restart();
        self.fake.change(tamper::end_what_rivals_began);
        let journal = self.fake.take_journal();
        let failed = journal
            .iter()
            .filter(|entry| entry.fault == Some(Fault::Fails));
        self.rollout_failed
            .extend(failed.filter_map(|entry| match &entry.write {
                Write::PatchService(patch) => Some(patch.service.clone()),
                _ => None,
            }));
        let (report, standings) = match ended {
            Ended::With(report) => (Some(report.clone()), report),
            Ended::Crashed => match run(&self.fake, preview(&self.fake, &wishes, orders, &extra)) {
                Ended::With(report) => (None, report),
                Ended::Crashed => return Err("looking at the world never ends".to_owned()),
            },
        };
        self.table.record(&journal, report.as_ref(), read);
        if self.told.is_some() {
            self.tell_turn(&journal, report.as_ref());
            self.kept.extend(journal.iter().cloned());
        }
        let steps = report.iter().flat_map(|report| &report.steps);
        for step in steps {
            let managed = managed_fields(step.kind);
            let strange = |change: &&FieldChange| !managed.contains(&&*change.field);
            if let Some(change) = step.changes.iter().find(strange) {
                let field = &change.field;
                return Err(format!("{field} of {} is on no list", step.id));
            }
        }
        let links: Vec<Link> = self.declarations.links().cloned().collect();
        let active = standings
            .links
            .iter()
            .filter(|link| matches!(link.standing, Standing::Enforced | Standing::Reported));
        let stays = links
            .iter()
            .filter(|link| !orders.destroy.contains(&link.name));
        let prunes = orders.prune && complete && (!links.is_empty() || orders.allow_empty);
        let mut brief = Brief {
            brought: self.brought.clone(),
            active: active.map(|link| link.name.clone()).collect(),
            declared: stays.map(|link| link.name.to_string()).collect(),
            undoes: !self.declarations.stays && (prunes || !orders.destroy.is_empty()),
            policy: orders.policy,
            origin: &self.origin,
            links: &links,
            loose,
        };
        if !loose && others_entries(&before) != others_entries(&self.fake.state()) {
            return Err("somebody's NAT entry is not what it was before the turn".to_owned());
        }
        for entry in &journal {
            judge(entry, &brief).map_err(|wrong| format!("{wrong}\n  by {:?}", entry.write))?;
            let saw_all = !loose && read == Cause::Nothing;
            brief.brought.follow(entry, saw_all.then_some(&before));
        }
        self.brought = brief.brought;
        // Who took a record away in the middle of a turn is not known.
        if loose {
            self.brought.others_acted(&self.fake.state());
        } else {
            self.brought.look(&self.fake.state());
        }
        if self.bug.is_none() && report.as_ref().is_some_and(|report| report.passes > 10) {
            return Err("the turn did not come to an end".to_owned());
        }
        Ok((journal, standings))
    }
}
