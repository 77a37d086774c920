#![allow(clippy::unwrap_used, clippy::panic)]
use std::num::NonZeroU32;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A bucket and a clock of its own.
struct Scene {
    bucket: Bucket,
    now: Instant,
    patience: Patience,
}

impl Scene {
    /// As the rates of the manual are: so many per second, and as many at once.
    fn new(per_second: u32) -> Self {
        let now = Instant::now();
        let positive = |number| NonZeroU32::new(number).unwrap();
        let rate = Rate::per_minute(positive(60 * per_second), positive(per_second));
        Self {
            bucket: Bucket::new(Some(rate), now),
            now,
            patience: Patience::default(),
        }
    }

    fn enter(&mut self) -> Entry {
        self.bucket.enter(self.now, &self.patience)
    }

    fn admitted(&mut self) -> Ticket {
        match self.enter() {
            Entry::Admitted(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    fn refused(&mut self, ticket: Ticket, asked: Option<Duration>) {
        let chance = 1.0;
        self.bucket
            .refused(ticket, asked, (self.now, chance), &self.patience);
    }

    fn later(&mut self) -> Duration {
        match self.enter() {
            Entry::Later(wait) => wait,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_burst_goes_at_once_and_then_one_per_interval() {
    let mut scene = Scene::new(2);
    scene.admitted();
    scene.admitted();
    let wait = scene.later();
    assert!((Duration::from_millis(499)..Duration::from_millis(501)).contains(&wait));
    scene.now += wait;
    scene.admitted();
    scene.later();
}

#[test]
fn after_a_refusal_one_probe_goes_and_its_answer_lets_the_others_follow() {
    let mut scene = Scene::new(20);
    let ticket = scene.admitted();
    scene.refused(ticket, None);
    assert_eq!(scene.later(), 2 * SECOND);
    scene.now += 2 * SECOND;
    let probe = scene.admitted();
    assert_eq!(scene.enter(), Entry::AfterProbe);
    scene.bucket.answered(probe);
    // At half the rate, and without a burst although a minute has passed.
    scene.now += 60 * SECOND;
    scene.admitted();
    let wait = scene.later();
    assert!(
        (Duration::from_millis(90)..Duration::from_millis(110)).contains(&wait),
        "{wait:?}"
    );
}

#[test]
fn pauses_grow_with_refusals_and_google_may_ask_for_longer_ones() {
    let mut scene = Scene::new(20);
    let mut pauses = Vec::new();
    for _ in 0..5 {
        let ticket = scene.admitted();
        scene.refused(ticket, None);
        let pause = scene.later();
        pauses.push(pause.as_secs());
        scene.now += pause;
    }
    assert_eq!(pauses, [2, 4, 8, 16, 16]);
    let ticket = scene.admitted();
    scene.refused(ticket, Some(30 * SECOND));
    assert_eq!(scene.later(), 46 * SECOND);
}

#[test]
fn refusals_of_one_moment_count_once() {
    let mut scene = Scene::new(20);
    let tickets: Vec<Ticket> = (0..10).map(|_| scene.admitted()).collect();
    for ticket in tickets {
        scene.refused(ticket, None);
    }
    assert_eq!(scene.later(), 2 * SECOND);
}

#[test]
fn a_late_refusal_may_ask_for_a_longer_pause() {
    let mut scene = Scene::new(20);
    let (first, second) = (scene.admitted(), scene.admitted());
    scene.refused(first, None);
    scene.refused(second, Some(7 * SECOND));
    assert_eq!(scene.later(), 7 * SECOND);
}

#[test]
fn a_probe_that_is_lost_is_followed_by_another() {
    let mut scene = Scene::new(20);
    let ticket = scene.admitted();
    scene.refused(ticket, None);
    scene.now += 2 * SECOND;
    let probe = scene.admitted();
    scene.bucket.lost(probe, scene.now);
    scene.now += SECOND;
    scene.admitted();
}

#[test]
fn patience_ends_and_then_one_call_in_a_while_still_looks() {
    let mut scene = Scene::new(20);
    let (start, mut sent) = (scene.now, 0);
    let end = start + scene.patience.slow_down;
    loop {
        match scene.enter() {
            Entry::Admitted(ticket) => {
                sent += 1;
                scene.refused(ticket, None);
            }
            Entry::Later(wait) => scene.now += wait,
            Entry::AfterProbe => panic!("nobody is out"),
            Entry::TooLong => break,
        }
    }
    assert!(scene.now <= end && scene.now + 16 * SECOND > end);
    // 2 + 4 + 8 seconds, and then one in 16 seconds, for ten minutes.
    assert_eq!(sent, 4 + (600 - 14) / 16);
    scene.now += 16 * SECOND;
    let probe = scene.admitted();
    scene.bucket.answered(probe);
    scene.now += SECOND;
    scene.admitted();
}

#[test]
fn a_slow_bucket_gets_back_to_its_rate() {
    let mut scene = Scene::new(20);
    for _ in 0..8 {
        let ticket = scene.admitted();
        scene.refused(ticket, None);
        scene.now += 16 * SECOND;
    }
    assert!((scene.bucket.pace - SLOWEST).abs() < 1e-9);
    let mut answers = 0;
    let start = scene.now;
    while scene.bucket.pace < 1.0 {
        match scene.enter() {
            Entry::Admitted(ticket) => {
                answers += 1;
                scene.bucket.answered(ticket);
            }
            Entry::Later(wait) => scene.now += wait,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answers, 44);
    assert!((scene.now - start).as_secs() < 10);
}

#[test]
fn without_a_rate_refusals_are_heeded_all_the_same() {
    let mut scene = Scene::new(1);
    scene.bucket = Bucket::new(None, scene.now);
    let tickets: Vec<Ticket> = (0..100).map(|_| scene.admitted()).collect();
    scene.refused(tickets[0], None);
    assert_eq!(scene.later(), 2 * SECOND);
}
