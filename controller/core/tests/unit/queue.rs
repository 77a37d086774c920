//! Which step of a plan begins next, and how much looking that takes.

use std::cell::Cell;
use std::cmp::Ordering;

use privatelink_core::apply::queue::{Followers, Queue};

thread_local! {
    static LOOKS: Cell<usize> = const { Cell::new(0) };
}

/// A step whose comparisons are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step(usize);

impl Ord for Step {
    fn cmp(&self, other: &Self) -> Ordering {
        LOOKS.set(LOOKS.get() + 1);
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn queue(steps: &[(usize, &[usize])]) -> Queue<usize, usize> {
    let steps = steps.iter().map(|(step, before)| (*step, before.to_vec()));
    Queue::new(steps, |step| *step)
}

fn begin_all(queue: &mut Queue<usize, usize>) -> Vec<usize> {
    std::iter::from_fn(|| queue.begin()).collect()
}

#[test]
fn a_step_begins_when_everything_before_it_has_succeeded() {
    let mut queue = queue(&[(3, &[1, 2]), (1, &[]), (2, &[])]);
    assert_eq!(begin_all(&mut queue), [1, 2]);
    queue.succeeded(&2);
    assert_eq!(queue.begin(), None);
    queue.succeeded(&1);
    assert_eq!(begin_all(&mut queue), [3]);
}

#[test]
fn what_comes_after_a_failure_never_begins_and_is_told_once() {
    let mut queue = queue(&[(1, &[]), (2, &[]), (3, &[1]), (4, &[3]), (5, &[2, 3])]);
    assert_eq!(begin_all(&mut queue), [1, 2]);
    assert_eq!(queue.failed(&1), [3, 4, 5]);
    assert_eq!(queue.failed(&2), [0; 0]);
    assert_eq!(queue.begin(), None);
}

#[test]
fn what_comes_after_no_step_at_all_never_begins() {
    assert_eq!(queue(&[(1, &[7])]).begin(), None);
}

#[test]
fn steps_that_share_a_lock_run_one_after_the_other_in_order() {
    let steps = [11, 12, 13, 21].map(|step| (step, Vec::new()));
    let mut queue = Queue::new(steps, |step: &usize| step / 10);
    assert_eq!(begin_all(&mut queue), [11, 21]);
    queue.succeeded(&11);
    assert_eq!(begin_all(&mut queue), [12]);
    assert_eq!(queue.failed(&12), [0; 0]);
    assert_eq!(begin_all(&mut queue), [13]);
}

#[test]
fn everything_that_comes_after_is_found_however_far_down() {
    let followers = Followers::new([(2, vec![1]), (3, vec![2]), (4, vec![0])]);
    let found: Vec<i32> = followers.closure([1]).into_iter().collect();
    assert_eq!(found, [1, 2, 3]);
}

/// Ten thousand chains that hang together as those of a first apply do: one thing before all of them, one router
/// per fifty, and fifty entries that share its lock.
#[test]
fn ten_thousand_links_are_carried_out_in_a_few_looks_per_step() {
    const LINKS: usize = 10_000;
    // 0 the network; then, per link, subnetwork, NAT, egress, ingress.
    let step = |kind: usize, link: usize| Step(kind * LINKS + link);
    let mut steps = vec![(Step(0), Vec::new())];
    for link in 0..LINKS {
        steps.push((step(1, link), vec![Step(0)]));
        steps.push((step(2, link), vec![step(1, link)]));
        steps.push((step(3, link), vec![step(1, link), step(2, link)]));
        steps.push((step(4, link), vec![step(3, link)]));
    }
    let count = steps.len();
    let lock = |step: &Step| match step.0 / LINKS {
        2 => Step(9 * LINKS + step.0 % LINKS / 50),
        _ => *step,
    };
    LOOKS.set(0);
    let mut queue = Queue::new(steps, lock);
    let mut running = std::collections::VecDeque::new();
    let mut done = 0;
    loop {
        while running.len() < 16 {
            let Some(step) = queue.begin() else { break };
            running.push_back(step);
        }
        let Some(step) = running.pop_front() else {
            break;
        };
        queue.succeeded(&step);
        done += 1;
    }
    assert_eq!(done, count);
    // Some tree look-ups per step, each of about sixteen comparisons and at most some sixty; looking at all steps
    // for each of them would be ten thousand times as much.
    let looks = LOOKS.get() / count;
    assert!(looks < 400, "{looks} looks per step");
}
