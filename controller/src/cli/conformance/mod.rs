//! `conformance`: the emulator's assumptions, put to the real Google Cloud.
//!
//! What is asked and how it is judged is the emulator's ([`privatelink_emulator::conformance`]); here are
//! the command, consent, credentials, and what people are told.

mod choice;
mod outcome;
mod recording;
mod wire;

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use privatelink_core::ids::{ProjectId, Region};
use privatelink_emulator::conformance::{
    Exercise, Leftover, PREFIX, Place, SUFFIX, Session, Thing, is_suffix,
};
use privatelink_gcp::connect;
use rand::Rng as _;

use super::apply::{Asking, Consent, consents};
use super::{Failure, Global, HELP};
use crate::interrupt;
use crate::printable::in_a_line;
use crate::render::{Output, plural};
use crate::turn::unconnected;

pub(crate) use recording::RecordingFailure;

const EXAMPLES: &str = "\
Examples:
  privatelink conformance --list                                    the exercises and rules; connects to nothing
  privatelink conformance --project P --region R --only compute     about the rules below this id
  privatelink conformance --project P --region R                    all of it, after asking
  privatelink conformance --project P --region R --clean-up ab12    what a killed run left
";

const EXIT_CODES: &str = "\
Exit codes:
  0  everything that was asked is as the emulator has it
  1  something is not, or could not be tried; or nobody said yes
  6  something that was made could not be deleted: the output says how to";

const INTERRUPTED: &str = "the run was interrupted";

/// Ask the real Google Cloud whether it behaves as the emulator assumes.
///
/// Makes throwaway things whose names begin with `pl-conformance-`, in a network of their own; records what is
/// answered, without anything that says whose project it was; and deletes what it made, also when it is interrupted.
/// It says first what it will make, how long that takes and what of it costs something, and asks.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// The project to do it in; best one without anything else.
    #[arg(
        long,
        value_name = "PROJECT",
        env = "PRIVATELINK_PROJECT",
        required_unless_present = "list"
    )]
    project: Option<ProjectId>,
    /// The region to do it in.
    #[arg(
        long,
        value_name = "REGION",
        env = "PRIVATELINK_REGION",
        required_unless_present = "list"
    )]
    region: Option<Region>,
    /// Only exercises about rules with this id or below it; `*` stands for any text.
    #[arg(
        long,
        value_name = "PATTERN,...",
        env = "PRIVATELINK_ONLY",
        value_delimiter = ','
    )]
    only: Vec<String>,
    /// Show the exercises and the rules, and connect to nothing.
    #[arg(long, env = "PRIVATELINK_LIST", value_parser = BoolishValueParser::new())]
    list: bool,
    /// Where to write the recording; a file that is there is never overwritten. Default: conformance-DATE.har
    #[arg(long, value_name = "FILE", env = "PRIVATELINK_RECORDING")]
    recording: Option<std::path::PathBuf>,
    /// Begin nothing new and clean up after so many minutes; --time-scale shortens them.
    #[arg(
        long,
        value_name = "MINUTES",
        env = "PRIVATELINK_MINUTES",
        default_value_t = 120
    )]
    minutes: u64,
    /// Delete what a run with this suffix left, and do nothing else.
    #[arg(long, value_name = "SUFFIX", env = "PRIVATELINK_CLEAN_UP", value_parser = suffix, conflicts_with = "list")]
    clean_up: Option<String>,
    #[command(flatten)]
    consent: Consent,
}

fn suffix(text: &str) -> Result<String, String> {
    if is_suffix(text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "a suffix is the {SUFFIX} letters and digits after {PREFIX} in the names of a run"
    ))
}

/// A suffix that nobody has drawn before, most likely.
fn drawn() -> String {
    let mut random = rand::rng();
    (0..SUFFIX)
        .map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[random.random_range(0..36)]))
        .collect()
}

impl Arguments {
    pub(super) async fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        let exercises = choice::chosen(&self.only);
        if exercises.is_empty() {
            output.problem("no exercise is about such a rule; --list shows them");
            return Ok(1);
        }
        let (Some(project), Some(region), false) = (&self.project, &self.region, self.list) else {
            output.document(&choice::document(&exercises), || choice::text(&exercises))?;
            return Ok(0);
        };
        let place = Place {
            project: project.to_string(),
            region: region.to_string(),
            suffix: self.clean_up.clone().unwrap_or_else(drawn),
        };
        if self.clean_up.is_none() {
            output.show(&choice::announcement(&exercises, &place))?;
            if !self.consent.yes && !consents(&self.asking(global, "Go ahead?"), output) {
                return Ok(1);
            }
        }
        let google = match connect(global.connection()).await {
            Ok(google) => google,
            Err(error) => {
                output.diagnostics(&[unconnected(&error)]);
                return Ok(1);
            }
        };
        let wire = wire::Sender::new(&google, project, region, global);
        let session = Session::new(&wire, place.clone());
        match &self.clean_up {
            Some(suffix) => self.clean_up(&session, suffix, global, output).await,
            None => {
                self.ask_google(&session, &exercises, &place, global, output)
                    .await
            }
        }
    }

    fn asking(&self, global: &Global, question: &str) -> Asking {
        Asking {
            question: question.to_owned(),
            undoing: None,
            yes: self.consent.yes,
            dry_run: false,
            possible: !global.no_input,
        }
    }

    /// The run itself. Whatever ends it, what was made is deleted.
    async fn ask_google(
        &self,
        session: &Session<'_>,
        exercises: &[Exercise],
        place: &Place,
        global: &Global,
        output: Output,
    ) -> Result<u8, Failure> {
        let mut stopped = pin!(interrupt::signal());
        let most = global.max_list_items;
        let found = match looked(session.found(None, most), stopped.as_mut()).await {
            Ok(found) => found,
            Err(why) => {
                output.problem(&format!("nothing was begun: {}", in_a_line(&why)));
                return Ok(1);
            }
        };
        if !announce_leftovers(&found, place, output) {
            return Ok(1);
        }
        let file =
            recording::Reserved::new(self.recording.as_deref()).map_err(Failure::Recording)?;
        let minutes = Duration::from_secs(self.minutes.saturating_mul(60));
        let limit = wire::scaled(minutes, global.time_scale.unwrap_or(1.0));
        let why = tokio::select! {
            () = run_all(session, exercises, output) => None,
            () = stopped => Some(INTERRUPTED),
            () = tokio::time::sleep(limit) => Some("the time was over"),
        };
        if let Some(why) = why {
            say(
                output,
                &format!("{why}: cleaning up; a second signal gives that up"),
            );
            let rules: BTreeSet<&str> = exercises.iter().flat_map(Exercise::rules).collect();
            session.leave_out(&rules, why);
        }
        let left = clean_up(session, output).await;
        let replayed = match file.write(session, place) {
            Ok(replayed) => replayed,
            Err(error) => {
                // What is left must be told all the same.
                output.show(&outcome::leftovers(left))?;
                return Err(Failure::Recording(error));
            }
        };
        let outcome = outcome::Outcome::new(session, replayed, left);
        output.document(&outcome, || outcome.text())?;
        Ok(outcome.exit_code())
    }

    async fn clean_up(
        &self,
        session: &Session<'_>,
        suffix: &str,
        global: &Global,
        output: Output,
    ) -> Result<u8, Failure> {
        let found = match session.found(Some(suffix), global.max_list_items).await {
            Ok(found) => found,
            Err(why) => {
                output.problem(&in_a_line(&why));
                return Ok(1);
            }
        };
        let names = listed(&found);
        if found.is_empty() {
            output.data("Nothing of that run is there.\n")?;
            return Ok(0);
        }
        output.show(&format!("{names}\n"))?;
        let question = format!("Delete {}?", plural(found.len(), "thing", "things"));
        if !self.consent.yes && !consents(&self.asking(global, &question), output) {
            return Ok(1);
        }
        session.take_over(found);
        let left = clean_up(session, output).await;
        let code = if left.is_empty() { 0 } else { 6 };
        // On standard output in every format: what is left must be told.
        output.data(&outcome::leftovers(left))?;
        Ok(code)
    }
}

/// The first look, in which nothing is written yet: a signal simply ends it.
async fn looked(
    found: impl Future<Output = Result<Vec<Thing>, String>>,
    stopped: Pin<&mut impl Future<Output = ()>>,
) -> Result<Vec<Thing>, String> {
    tokio::select! {
        found = found => found,
        () = stopped => Err(INTERRUPTED.to_owned()),
    }
}

async fn run_all(session: &Session<'_>, exercises: &[Exercise], output: Output) {
    for (at, exercise) in exercises.iter().enumerate() {
        let (number, all) = (at + 1, exercises.len());
        say(
            output,
            &format!("{number}/{all} {}: {}", exercise.name, exercise.about),
        );
        session.run(exercise).await;
    }
}

/// Deletes what is there; a signal ends that, if somebody sends it.
async fn clean_up(session: &Session<'_>, output: Output) -> Vec<Leftover> {
    let stopped = interrupt::deliberate_signal();
    say(output, "cleaning up");
    tokio::select! {
        left = session.clean_up() => left,
        () = stopped => session.left(),
    }
}

/// Says what earlier runs left. False if something of this run's own names is there already.
fn announce_leftovers(found: &[Thing], place: &Place, output: Output) -> bool {
    let own = place.prefix();
    if let Some(taken) = found.iter().find(|thing| thing.name.starts_with(&own)) {
        output.problem(&format!(
            "nothing was begun: there is a {} {} already; run again, which draws other names",
            taken.kind.title(),
            in_a_line(&taken.name)
        ));
        return false;
    }
    let suffixes: BTreeSet<&str> = found
        .iter()
        .filter_map(|thing| thing.name.strip_prefix(PREFIX)?.get(..SUFFIX))
        .collect();
    for suffix in suffixes {
        let (project, region) = (&place.project, &place.region);
        say(
            output,
            &format!(
                "an earlier run left something: privatelink conformance --project {project} --region {region} \
                 --clean-up {suffix}"
            ),
        );
    }
    true
}

fn listed(things: &[Thing]) -> String {
    let lines: Vec<String> = things
        .iter()
        .map(|thing| format!("  {} {}", thing.kind.title(), in_a_line(&thing.name)))
        .collect();
    lines.join("\n")
}

/// One line on the way, for whoever waits.
fn say(output: Output, line: &str) {
    if !output.quiet {
        crate::say::say_line(&in_a_line(line));
    }
}
