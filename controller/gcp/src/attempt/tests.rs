#![allow(clippy::unwrap_used, clippy::panic)]
use std::cell::Cell;

use super::*;

async fn outcome(
    answers: &[Nature],
    retry_after: Option<Duration>,
) -> (Result<(), Failure>, usize, Duration) {
    let project = "acme-prod".parse().unwrap();
    let call = Call::read(
        Api::Compute,
        "compute.networks.list",
        &project,
        None,
        String::new(),
    );
    let attempts = Attempts::new(None, Patience::default());
    let (number, start) = (Cell::new(0), Instant::now());
    let result = attempts
        .attempt(&call, || {
            let number = &number;
            async move {
                let nature = answers.get(number.get()).copied();
                number.set(number.get() + 1);
                nature.map_or(Ok(()), |nature| {
                    Err(Failure {
                        retry_after,
                        ..Failure::new(nature, "no")
                    })
                })
            }
        })
        .await;
    assert_eq!(
        attempts.calls.counts()["compute.networks.list"],
        number.get() as u64
    );
    (result, number.get(), start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again() {
    for nature in [
        Nature::Refused(429),
        Nature::Refused(500),
        Nature::Refused(502),
        Nature::Refused(503),
        Nature::Refused(504),
        Nature::Unreachable,
        Nature::TimedOut,
    ] {
        let (result, sent, _) = outcome(&[nature], None).await;
        assert!(result.is_ok(), "{nature:?}");
        assert_eq!(sent, 2, "{nature:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_said_at_once() {
    for nature in [
        Nature::Refused(400),
        Nature::Refused(403),
        Nature::Refused(404),
        Nature::Refused(409),
        Nature::Refused(412),
        Nature::Operation(500),
        Nature::Unparsable,
        Nature::TooLong,
        Nature::Credentials,
        Nature::NotSent,
    ] {
        assert_eq!(outcome(&[nature], None).await.1, 1, "{nature:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn five_attempts_are_enough() {
    let (result, sent, elapsed) = outcome(&[Nature::Refused(503); 9], None).await;
    assert_eq!(result.unwrap_err().nature, Nature::Refused(503));
    assert_eq!(sent, 5);
    assert!(elapsed < Duration::from_mins(1));
}

#[tokio::test(start_paused = true)]
async fn google_is_waited_for_as_long_as_it_asks_but_not_past_the_deadline() {
    let (_, sent, elapsed) = outcome(&[Nature::Refused(429)], Some(Duration::from_secs(7))).await;
    assert!(
        sent == 2 && (8..=9).contains(&elapsed.as_secs()),
        "{elapsed:?}"
    );
    let (_, sent, elapsed) = outcome(&[Nature::Refused(503)], Some(Duration::from_secs(7))).await;
    assert_eq!((sent, elapsed.as_secs()), (2, 7));
    for (status, asked) in [(429, 11), (503, 1)] {
        let asked = Some(Duration::from_mins(asked));
        let (result, sent, elapsed) = outcome(&[Nature::Refused(status)], asked).await;
        assert_eq!(result.unwrap_err().nature, Nature::Refused(status));
        assert_eq!((sent, elapsed.as_secs()), (1, 0), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_to_slow_down_are_waited_out_and_count_as_no_attempt() {
    let storm = [Nature::Refused(429); 30];
    let (result, sent, elapsed) = outcome(&storm, None).await;
    assert!(result.is_ok() && sent == 31, "{sent}");
    assert!((4..8).contains(&(elapsed.as_secs() / 60)), "{elapsed:?}");
    let mixed = [429, 503, 429, 503, 429, 503, 429, 503].map(Nature::Refused);
    let (result, sent, _) = outcome(&mixed, None).await;
    assert!(result.is_ok() && sent == 9, "{sent}");
}

#[tokio::test(start_paused = true)]
async fn requests_to_slow_down_are_not_waited_out_for_ever() {
    let (result, sent, elapsed) = outcome(&[Nature::Refused(429); 999], None).await;
    assert!(
        !result.unwrap_err().held_back,
        "Google's own words are the last"
    );
    assert!(sent <= 3 + 600 / 8, "{sent}");
    assert!((9..=10).contains(&(elapsed.as_secs() / 60)), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_lost_reply_says_so() {
    let (result, _, _) = outcome(&[Nature::Unreachable, Nature::Refused(409)], None).await;
    assert!(result.unwrap_err().after_lost_reply);
    let (result, _, _) = outcome(&[Nature::Refused(429), Nature::Refused(409)], None).await;
    assert!(!result.unwrap_err().after_lost_reply);
}

/// A router of which a killed run of ours has begun a change takes nothing else until that is done.
#[tokio::test(start_paused = true)]
async fn a_thing_that_somebody_is_at_work_on_is_waited_for_but_not_for_ever() {
    let project = "acme-prod".parse().unwrap();
    let region = "europe-west1".parse().unwrap();
    let operation = "compute.routers.patch";
    let call = Call::write(Api::Compute, operation, &project, &region, String::new());
    for (lasts, comes_through) in [(30, true), (90, false)] {
        let attempts = Attempts::new(None, Patience::default());
        let start = Instant::now();
        let result = attempts.attempt(&call, || async {
            if start.elapsed() >= Duration::from_secs(lasts) {
                return Ok(());
            }
            Err(Failure::busy("not ready"))
        });
        assert_eq!(result.await.is_ok(), comes_through, "{lasts} s");
        assert!(start.elapsed() < Duration::from_secs(75));
    }
}
