//! Turns of a process on the in-memory cloud, judged write by write.

use std::collections::BTreeSet;
use std::sync::Mutex;

use privatelink_core::apply::Progress;
use privatelink_core::fake::{Call, Ended, Entry, Fake, Faults, run};
use privatelink_core::link::Link;
use privatelink_core::plan::Plan;
use privatelink_core::report::{LinkState, Report};
use privatelink_core::standing::Standing;
use privatelink_core::turn::{preview, turn};

use crate::judge::{Brief, Brought, egress_memory, judge, others_entries};
use crate::mutations::{Crooked, Mutation};
use crate::stages::Stage;

/// What a turn came to.
pub(crate) struct Turn {
    /// What was asked, in its order.
    pub(crate) calls: Vec<Call>,
    /// What the cloud took on, in the order in which it ended.
    pub(crate) journal: Vec<Entry>,
    /// Absent when the process was killed.
    pub(crate) report: Option<Report>,
    /// The plan of the first pass that wrote.
    pub(crate) plan: Option<Plan>,
}

/// A process: ours, or one that differs from ours in one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) Option<Mutation>);

/// How the world is while a turn runs.
pub(crate) struct Weather {
    pub(crate) faults: Faults,
    /// Do others act, or are lists out of date? Then what was decided cannot be held against what is there.
    pub(crate) loose: bool,
    /// Do operations that the killed process began go on beside the next one?
    pub(crate) goes_on: bool,
}

impl Weather {
    pub(crate) fn calm() -> Self {
        Self {
            faults: Faults::default(),
            loose: false,
            goes_on: false,
        }
    }
}

/// One turn of a command, every write of it judged.
pub(crate) fn judged(
    fake: &Fake,
    stage: &Stage,
    process: Process,
    weather: Weather,
) -> Result<Turn, String> {
    let before = fake.state();
    let Weather {
        faults,
        loose,
        goes_on,
    } = weather;
    fake.set_faults(faults);
    let Stage {
        wishes,
        orders,
        scope,
        ..
    } = stage;
    let plan = Mutex::new(None);
    let watch = |progress: Progress<'_>| {
        if let Progress::Planned(planned) = progress {
            plan.lock().unwrap().get_or_insert_with(|| planned.clone());
        }
    };
    let ended = match process.0 {
        None => run(fake, turn(fake, wishes, orders, scope, &watch)),
        Some(mutation) => {
            let crooked = Crooked::new(fake, mutation);
            run(fake, turn(&crooked, wishes, orders, scope, &watch))
        }
    };
    let (killed, calls) = (fake.crashed(), fake.take_calls());
    fake.set_faults(Faults::default());
    if goes_on {
        fake.restart_at_once();
    } else {
        fake.restart();
    }
    let report = match ended {
        Ended::With(report) => Some(report),
        Ended::Crashed if killed => None,
        Ended::Crashed => return Err("the turn waits for what never comes".to_owned()),
    };
    let journal = fake.take_journal();
    let active = match &report {
        Some(report) => active(report),
        None => match run(fake, preview(fake, wishes, orders, scope)) {
            Ended::With(report) => active(&report),
            Ended::Crashed => return Err("looking at the world never ends".to_owned()),
        },
    };
    let stays = wishes
        .links
        .iter()
        .filter(|link| !orders.destroy.contains(&link.name));
    let prunes =
        orders.prune && wishes.complete && (!wishes.links.is_empty() || orders.allow_empty);
    let declared = stays
        .map(|link| &link.name)
        .chain(&wishes.broken)
        .map(ToString::to_string);
    let mut brief = Brief {
        links: &wishes.links,
        active,
        declared: declared.collect(),
        undoes: prunes || !orders.destroy.is_empty(),
        policy: orders.policy,
        origin: &stage.origin,
        brought: Brought::default(),
        loose,
    };
    if !loose && others_entries(&before) != others_entries(&fake.state()) {
        return Err("somebody's NAT entry is not what it was before the turn".to_owned());
    }
    brief.brought.others_acted(&before);
    for entry in &journal {
        judge(entry, &brief).map_err(|wrong| format!("{wrong}\n  by {:?}", entry.write))?;
        brief.brought.follow(entry, (!loose).then_some(&*before));
    }
    Ok(Turn {
        calls,
        journal,
        report,
        plan: plan.into_inner().unwrap(),
    })
}

fn active(report: &Report) -> BTreeSet<privatelink_core::ids::LinkName> {
    let takes_part =
        |standing: Standing| matches!(standing, Standing::Enforced | Standing::Reported);
    let links = report.links.iter();
    links
        .filter(|link| takes_part(link.standing))
        .map(|link| link.name.clone())
        .collect()
}

/// The declared links that a report calls ready, and whose destination nobody else's memory speaks of: what an
/// undeclared link asked for holds a destination as open as somebody has made it.
pub(crate) fn ready(stage: &Stage, report: &Report) -> Vec<Link> {
    let is_ready = |link: &&Link| {
        let mut told = report.links.iter().filter(|told| told.name == link.name);
        told.any(|told| told.state == LinkState::Ready)
    };
    let declared: BTreeSet<String> = stage
        .wishes
        .links
        .iter()
        .map(|link| link.name.to_string())
        .collect();
    let memories = stage.start.services.values().filter_map(egress_memory);
    let held: BTreeSet<String> = memories
        .flat_map(|memory| memory.links)
        .filter(|(name, _)| !declared.contains(name))
        .map(|(_, link)| link.to)
        .collect();
    let free = |link: &&Link| !held.contains(&link.destination.to_string());
    let links = stage.wishes.links.iter().filter(is_ready).filter(free);
    links.cloned().collect()
}
