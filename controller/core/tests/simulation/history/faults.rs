//! What goes wrong: every fault that the cloud knows, at random.

use super::*;

/// What may go wrong with every write of a sort; what happens to this sort alone, the oftener.
fn what_happens_to(sort: &str) -> Vec<Fault> {
    let mut faults = vec![
        Fault::Transient,
        Fault::Denied,
        Fault::Quota,
        Fault::LostReply,
        Fault::Crash,
        Fault::Overtaken,
        Fault::Fails,
        Fault::Unending,
    ];
    match sort {
        // Only a router's list is written by several.
        "PutNat" | "DeleteNat" => faults.extend([Fault::LostUpdate; 3]),
        "CreateConnector" | "UpdateConnector" => faults.extend([Fault::Breaks; 3]),
        _ => {}
    }
    faults
}

/// A list that shows something in most histories.
fn some_list(rng: &mut Rng) -> Scope {
    let (prod, host) = (UNIVERSE.prod.clone(), UNIVERSE.host.clone());
    let service = rng.pick(&UNIVERSE.services);
    let (project, region) = (service.project.clone(), service.region.clone());
    match rng.below(7) {
        0 | 1 => Scope::Services(project, region),
        2 => Scope::Connectors(project, region),
        3 => Scope::Subnetworks(prod),
        4 => Scope::Routers(prod),
        5 => Scope::Routers(host),
        _ => Scope::Jobs(project, region),
    }
}

impl History {
    /// What goes wrong in one turn.
    pub(crate) fn some_faults(&mut self, tampers: bool) -> Faults {
        let mut faults = Faults::default();
        if !self.faulty || self.rng.percent(25) {
            return faults;
        }
        let focus = self.focus;
        let rng = &mut self.rng;
        for _ in 0..rng.below(4) {
            let fault = rng.weighted(&[
                (2, Fault::Transient),
                (1, Fault::Denied),
                (1, Fault::Quota),
                (3, Fault::LostReply),
                (2, Fault::Crash),
                (1, Fault::Overtaken),
                (2, Fault::Fails),
                (2, Fault::Unending),
            ]);
            faults.writes.insert(rng.below(14), fault);
        }
        if rng.percent(80) {
            faults
                .sorts
                .insert(focus, *rng.pick(&what_happens_to(focus)));
        }
        for _ in 0..rng.below(3) {
            let fault = rng.weighted(&[
                (5, ReadFault::Unreadable),
                (3, ReadFault::Stale(1)),
                (2, ReadFault::Stale(3)),
                (4, ReadFault::Unreachable),
                (1, ReadFault::Crash),
            ]);
            faults.reads.insert(rng.below(60), fault);
        }
        if rng.percent(if tampers { 45 } else { 25 }) {
            if rng.percent(20) {
                faults.meddling.insert(rng.below(80));
            } else {
                faults.interference.insert(rng.below(8));
            }
            self.tampered |= tampers;
            let mut chance = Rng::new(rng.next());
            self.fake.set_meddler(move |state| {
                let _ = if tampers {
                    tamper::in_between(state, &mut chance)
                } else {
                    tamper::elsewhere(state, &mut chance)
                };
            });
        }
        let rare = self.focus == "DeleteAddress";
        if tampers && self.rivalry.percent(if rare { 90 } else { 40 }) {
            self.tampered = true;
            faults.sorts.clear();
            faults.rivals.insert(self.focus);
            self.fake.set_rival(tamper::outrun);
        }
        if self.denial.percent(10) {
            faults.unread.insert(some_list(&mut self.denial));
        }
        faults
    }
}
