//! Holds the emulator to recorded traffic: sends each recorded request at an emulator of its own and
//! compares the answers.
//!
//! ```
//! use privatelink_emulator::replay::{Recording, Replayer, Verdict};
//!
//! let log = "GET https://compute.googleapis.com/compute/v1/projects/p/global/networks/n\n\n\
//!            404 Not Found\n\n\
//!            {\"error\": {\"code\": 404, \"message\": \"not the real text\", \"errors\": []}}\n";
//! for recording in Recording::parse("mine.log", log)? {
//!     for line in Replayer::default().play(&recording) {
//!         println!("{line}");
//!         assert!(matches!(line.verdict, Verdict::Differs(_)));
//!     }
//! }
//! # Ok::<(), privatelink_emulator::replay::RecordingError>(())
//! ```
//!
//! What is compared: the status, which fields there are, their types and values, error texts included.
//! Values that the server makes up (identifiers, times, fingerprints, addresses) are bound when they are
//! first seen and must be the same wherever the recording has the same; placeholders such as
//! `${networkID}` likewise. Where a published recording has one constant in the place of all such values,
//! each object keeps its own: identifier, address and when it was made for as long as it is there, its
//! fingerprint and the time of its last change until something is written or it is recorded otherwise. Hosts do not matter, and `/compute/beta/` is taken for `/compute/v1/`.
//! Resources that a recording reads before it has made them are put there first.

mod bindings;
mod bodies;
mod compare;
mod har;
mod kinds;
mod links;
mod log;
mod player;
mod recording;
mod table;
mod verdict;

pub use compare::Difference;
pub use recording::{Exchange, Recording, RecordingError};
#[cfg(test)]
pub(crate) use table::REACH;
pub use table::Table;
pub use verdict::{Excuse, Line, Verdict};

use player::Player;

/// How recordings are replayed.
#[derive(Clone, Debug, Default)]
pub struct Replayer {
    /// Ids of rules that the emulator is to do without.
    pub rules_off: Vec<String>,
    /// Differences that are known, each with its reason.
    pub excuses: Vec<Excuse>,
}

impl Replayer {
    /// Replays one session at an emulator that holds nothing but what the session takes for granted.
    pub fn play(&self, recording: &Recording) -> Vec<Line> {
        Player::new(&self.rules_off, &self.excuses).play(recording)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::json;

    use super::{Recording, Replayer, Verdict};

    #[test]
    fn what_cannot_be_prepared_is_not_taken_for_skipped() {
        let log = "GET https://compute.googleapis.com/compute/v1/projects/p/global/networks/n\n\n\
                   200 OK\n\n\
                   {\"name\": \"n\"}\n";
        let mut recording = Recording::parse("mine.log", log).unwrap().remove(0);
        let url = "https://compute.googleapis.com/compute/v1/projects/p/global/urlMaps/m";
        let lead = ("DELETE".to_owned(), url.to_owned());
        let unknown = json!({ "compute": { "projects/p/global/urlMaps/m": {} } });
        for (given, lead, why) in [
            (unknown, vec![], "urlMaps/m"),
            (
                json!({}),
                vec![lead],
                "the emulator serves no compute.urlMaps",
            ),
        ] {
            (recording.given, recording.lead) = (given, lead);
            for line in Replayer::default().play(&recording) {
                let Verdict::Unprepared(told) = &line.verdict else {
                    panic!("{line}");
                };
                assert!(told.contains(why), "{line}");
            }
        }
    }
}
