//! The end of a history: no more faults, turns until quiet, and everything undone.

use super::*;

impl History {
    pub(crate) fn tell(&mut self, what: impl FnOnce() -> String) {
        if let Some(told) = &mut self.told {
            told.push(what());
        }
    }

    pub(crate) fn tell_turn(&mut self, journal: &[Entry], report: Option<&Report>) {
        for entry in journal {
            let (fault, result) = (
                entry.fault,
                entry
                    .result
                    .as_ref()
                    .map(|_| ())
                    .map_err(|error| &error.message),
            );
            self.tell(|| format!("  {:?} {fault:?} -> {result:?}", entry.write));
        }
        let Some(report) = report else {
            self.tell(|| "  crashed".to_owned());
            return;
        };
        for step in &report.steps {
            let (sign, id, why) = (step.action.sign(), &step.id, &step.why);
            let outcome = step.outcome.as_ref();
            self.tell(|| format!("  {sign} {id}: {why} {:?} {outcome:?}", step.changes));
        }
        for link in &report.links {
            let why = link
                .trace
                .as_ref()
                .and_then(|trace| trace.root_cause())
                .map(|hop| &hop.found);
            self.tell(|| {
                format!(
                    "  {} {:?} {:?} {why:?}",
                    link.name, link.standing, link.state
                )
            });
        }
    }

    pub(crate) fn whole(destroy: BTreeSet<LinkName>) -> Orders {
        let prune = destroy.is_empty();
        Orders {
            ours: UNIVERSE.ours.clone(),
            policy: Policy::Sync,
            prune,
            allow_empty: true,
            destroy,
        }
    }

    /// One turn without faults, after which another has nothing to write.
    pub(crate) fn quiet(&mut self, orders: &Orders) -> Result<Report, String> {
        self.fake.set_faults(Faults::default());
        let before = self.look(orders)?;
        let _settled = self.turn(orders, true, Faults::default())?;
        let (again, after) = self.turn(orders, true, Faults::default())?;
        if let Some(entry) = again.first() {
            return Err(format!(
                "one turn did not suffice\n  the next did {:?}",
                entry.write
            ));
        }
        // A turn that nobody told of other projects has not looked into them.
        let after = if self.scoped || !self.plain {
            after
        } else {
            self.look(orders)?
        };
        as_foretold(&before, &after)?;
        Ok(after)
    }

    /// Do turns see everything that paths lead through? One that is not told of a Shared VPC's other projects may not.
    fn sees_all(&self) -> bool {
        self.scoped || self.plain
    }

    fn look(&self, orders: &Orders) -> Result<Report, String> {
        let wishes = self.declarations.wishes(true);
        let extra = if self.sees_all() {
            self.extra.clone()
        } else {
            BTreeSet::new()
        };
        let looked = run(&self.fake, preview(&self.fake, &wishes, orders, &extra));
        looked
            .value()
            .ok_or_else(|| "looking at the world never ends".to_owned())
    }

    /// Nothing goes wrong any more: everything that can be as declared is.
    pub(crate) fn settle(&mut self) -> Fine {
        if self.rng.percent(70) {
            self.declarations.mend();
        }
        self.tell(|| "nothing goes wrong from here".to_owned());
        let orders = Self::whole(BTreeSet::new());
        let report = self.quiet(&orders)?;
        self.all_enforced = report
            .links
            .iter()
            .all(|link| link.standing == Standing::Enforced);
        told::every_link(&report)?;
        let links: Vec<Link> = self.declarations.links().cloned().collect();
        settled::as_declared(
            &self.fake.state(),
            &links,
            &report,
            self.plain
                && !self.tampered
                && self.rollout_failed.is_empty()
                && !self.declarations.grew,
            self.sees_all(),
        )
    }

    /// Everything is taken back.
    pub(crate) fn undo(&mut self) -> Fine {
        // What a link left that is gone already, and that another one holds which is not enforced, goes with the set
        // and not with that other one's name.
        let by_name =
            self.rng.percent(40) && self.all_enforced && self.plain && self.declarations.marked();
        self.tell(|| format!("everything is undone, by name: {by_name}"));
        let destroy: BTreeSet<LinkName> = if by_name {
            self.declarations.mend();
            self.scoped = true;
            self.declarations
                .links()
                .map(|link| link.name.clone())
                .collect()
        } else {
            // What is left says where the sources are, and may say nothing of the network that they were in.
            let far = !self.plain && !self.scoped;
            self.declarations.clear(&mut self.rng, far);
            self.scoped = !far;
            BTreeSet::new()
        };
        let orders = Self::whole(destroy);
        if self.faulty {
            let mut faults = self.some_faults(self.tampered);
            // A list from before a destination was tightened hides what there is to loosen, and with the source's
            // record gone nothing else tells of it.
            faults
                .reads
                .retain(|_, fault| !matches!(fault, ReadFault::Stale(_)));
            let _undone_in_part = self.turn(&orders, true, faults)?;
        }
        let _settled = self.quiet(&orders)?;
        if self.declarations.stays {
            return Ok(());
        }
        // A record that somebody took away or spoiled, or that went with its service, leads nowhere any more, and the
        // connector, which does too, may be gone.
        let state = self.fake.state();
        let gone = |id: &ServiceRef| !state.services.contains_key(id);
        let misled = self.tampered || self.origin.services.keys().any(gone);
        if !self.sees_all() && misled {
            return Ok(());
        }
        settled::undone(&state)?;
        if self.tampered {
            Ok(())
        } else {
            settled::restored(&self.origin, &self.fake.state(), &self.rollout_failed)
        }
    }
}

/// When nothing goes wrong, every path ends as the plan said before the first write, unless it said that it could
/// not tell.
fn as_foretold(before: &Report, after: &Report) -> Fine {
    for link in &after.links {
        let Some(then) = before.links.iter().find(|it| it.name == link.name) else {
            continue;
        };
        let (foretold, came) = (then.path_forecast.or(then.path), link.path);
        if foretold != came && foretold != Some(Verdict::Unknown) {
            return Err(format!(
                "{}: the plan foretold {foretold:?} and {came:?} came",
                link.name
            ));
        }
    }
    Ok(())
}
