//! The demo's story: plan, apply, three kinds of tampering, each seen and repaired, and everything undone.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use privatelink_core::decide::Orders;
use privatelink_core::drift::Rank;
use privatelink_core::ids::LinkName;
use privatelink_core::names::Installation;
use privatelink_core::plan::Action;
use privatelink_core::policy::Policy;
use privatelink_core::report::{LinkState, Report};
use privatelink_gcp::Google;
use serde_json::Value;

use super::DemoError;
use super::stage::Stage;
use crate::cli::Failure;
use crate::render::{self, BAD, BOLD, DIM, Detail, GOOD, Output, Progress};
use crate::sources;
use crate::turn::{Declared, Run};

const DECLARATION: &str = include_str!("link.yaml");

/// Who tells, and whether everything promised so far was kept.
struct Telling {
    output: Output,
    chapter: usize,
    kept: bool,
}

/// Tells the story; false when a promise was broken.
pub(super) async fn tell(output: Output, record: Option<&Path>) -> Result<bool, Failure> {
    let mut telling = Telling {
        output,
        chapter: 0,
        kept: true,
    };
    let (stage, google) = Stage::build(record).await.map_err(Failure::Demo)?;
    let before = stage.state();
    let run = open(google).map_err(Failure::Demo)?;
    telling.declaration()?;
    telling.plan(&stage, &run).await?;
    telling.first_apply(&stage, &run).await?;
    telling.tampering(&stage, &run).await?;
    telling.destroy(&stage, run, &before).await?;
    telling.end()?;
    stage.close().await;
    Ok(telling.kept)
}

fn open(google: Google) -> Result<Run, DemoError> {
    let declared = Declared::of(sources::embedded("link.yaml", DECLARATION));
    match declared.diagnostics.iter().find(|found| found.is_error()) {
        Some(error) => Err(DemoError::Invalid(error.to_string())),
        None => Ok(Run::on(google, declared, orders(BTreeSet::new()))),
    }
}

fn orders(destroy: BTreeSet<LinkName>) -> Orders {
    let ours = Installation {
        owner: "privatelink".into(),
        set: "demo".into(),
    };
    Orders {
        ours,
        policy: Policy::Sync,
        prune: false,
        allow_empty: false,
        destroy,
    }
}

async fn apply(telling: &Telling, run: &Run) -> Result<Report, Failure> {
    let progress = Progress::new(telling.output);
    let report = run
        .apply(&|step| progress.observe(step), Duration::ZERO)
        .await;
    progress.finish();
    telling.output.diagnostics(&report.diagnostics);
    telling.say(&render::summary(
        &report,
        progress.elapsed(),
        Detail::Changes,
    ))?;
    Ok(report)
}

async fn writes(stage: &Stage) -> Result<u64, Failure> {
    stage
        .requests()
        .await
        .map(|requests| requests.writes)
        .map_err(Failure::Demo)
}

fn is_ready(report: &Report) -> bool {
    report.exit_code() == 0
        && report
            .links
            .iter()
            .all(|link| link.state == LinkState::Ready)
}

impl Telling {
    fn declaration(&mut self) -> Result<(), Failure> {
        self.chapter(
            "Two services and a network, in an emulated Google Cloud inside this process",
        )?;
        self.say(&format!("{DIM}{}{DIM:#}", indented(DECLARATION)))
    }

    async fn plan(&mut self, stage: &Stage, run: &Run) -> Result<(), Failure> {
        self.chapter("privatelink plan link.yaml")?;
        let planned = run.preview().await;
        self.say(&render::plan(&planned, run.links(), Detail::Changes, None))?;
        self.promise(writes(stage).await? == 0, "planning wrote nothing")
    }

    async fn first_apply(&mut self, stage: &Stage, run: &Run) -> Result<(), Failure> {
        self.chapter("privatelink apply link.yaml")?;
        let applied = apply(self, run).await?;
        self.promise(
            is_ready(&applied),
            "orders reaches billing privately, and nobody else does from outside",
        )?;
        self.silent_turn(stage, run).await
    }

    async fn tampering(&mut self, stage: &Stage, run: &Run) -> Result<(), Failure> {
        self.chapter("Somebody opens billing to the internet")?;
        stage.open_ingress().await.map_err(Failure::Demo)?;
        self.repair(stage, run, Rank::Exposed, &["ingress"]).await?;

        self.chapter("Somebody sends only private ranges through the connector")?;
        stage.narrow_routing().await.map_err(Failure::Demo)?;
        let narrowed = ["template.vpcAccess.egress"];
        self.repair(stage, run, Rank::Broken, &narrowed).await?;

        self.chapter("Somebody removes the NAT, and then switches Private Google Access off")?;
        stage.tidy_up().await.map_err(Failure::Demo)?;
        let tidied = ["privateIpGoogleAccess", "the missing Nat"];
        self.repair(stage, run, Rank::Broken, &tidied).await
    }

    /// Undoes everything; `before` is what there was before the first apply.
    async fn destroy(&mut self, stage: &Stage, run: Run, before: &Value) -> Result<(), Failure> {
        self.chapter("privatelink destroy link.yaml")?;
        let links = run.links().iter().map(|link| link.name.clone()).collect();
        let run = run.ordered(orders(links));
        let destroyed = apply(self, &run).await?;
        self.promise(
            destroyed.exit_code() == 0,
            "everything that was made is gone",
        )?;
        let after = stage.state();
        self.promise(after == *before, "both services are exactly as they were")?;
        if after != *before {
            self.say(&format!("before: {before:#}\nafter: {after:#}\n"))?;
        }
        Ok(())
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.output.quiet {
            Ok(())
        } else {
            self.output.data(text)
        }
    }

    fn chapter(&mut self, title: &str) -> Result<(), Failure> {
        self.chapter += 1;
        self.say(&format!(
            "\n{BOLD}── {} ── {title}{BOLD:#}\n\n",
            self.chapter
        ))
    }

    /// Says whether something is as it was promised. A broken promise is said even when nothing else is.
    fn promise(&mut self, kept: bool, words: &str) -> Result<(), Failure> {
        self.kept &= kept;
        if kept {
            return self.say(&format!("{GOOD}✓{GOOD:#} {words}\n"));
        }
        self.output
            .data(&format!("{BAD}✗ not so: {words}{BAD:#}\n"))
    }

    /// A further turn reads and writes nothing.
    async fn silent_turn(&mut self, stage: &Stage, run: &Run) -> Result<(), Failure> {
        stage.requests().await.map_err(Failure::Demo)?;
        let again = run.apply(&|_| (), Duration::ZERO).await;
        let requests = stage.requests().await.map_err(Failure::Demo)?;
        let words = format!(
            "a second turn sends {} requests, and {} of them write",
            requests.total, requests.writes
        );
        self.promise(requests.writes == 0 && is_ready(&again), &words)
    }

    /// Shows what somebody changed, and puts it back.
    async fn repair(
        &mut self,
        stage: &Stage,
        run: &Run,
        rank: Rank,
        fields: &[&str],
    ) -> Result<(), Failure> {
        let found = run.preview().await;
        self.say(&format!(
            "{DIM}$ privatelink drift link.yaml{DIM:#}\n{}",
            render::drift(&found, Detail::Changes)
        ))?;
        let worst = found.steps.iter().filter_map(|step| step.drift).min();
        let mut named: BTreeSet<String> = BTreeSet::new();
        for step in found.steps.iter().filter(|step| step.drift.is_some()) {
            named.extend(step.changes.iter().map(|change| change.field.to_string()));
            if step.action == Action::Create {
                named.insert(format!("the missing {}", step.kind));
            }
        }
        self.promise(
            worst == Some(rank) && fields.iter().all(|field| named.contains(*field)),
            &seen(rank, fields),
        )?;
        self.say(&format!("{DIM}$ privatelink apply link.yaml{DIM:#}\n"))?;
        let repaired = apply(self, run).await?;
        self.promise(is_ready(&repaired), "repaired")?;
        self.silent_turn(stage, run).await
    }

    fn end(&self) -> Result<(), Failure> {
        if self.kept {
            return self.say(&format!(
                "\n{BOLD}{GOOD}Every promise was kept.{GOOD:#}{BOLD:#}\n"
            ));
        }
        self.output
            .data(&format!("\n{BAD}A promise was broken.{BAD:#}\n"))
    }
}

fn seen(rank: Rank, fields: &[&str]) -> String {
    format!(
        "drift names {} and calls it {}",
        fields.join(" and "),
        rank.word()
    )
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "    {line}");
        all
    })
}
