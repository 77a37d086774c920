#![allow(clippy::unwrap_used)]
use std::cell::RefCell;

use futures::future::join_all;

use super::*;

const REGION: &str = "europe-west1";

fn limiter(per_second: f64) -> Limiter {
    let rate = Rate::per_second(per_second).unwrap();
    Limiter::new(Some(Rates::uniform(rate)), Patience::default())
}

/// Sends so many calls of each project at once; answers when each went, in seconds, by project.
async fn send(limiter: &Limiter, projects: usize, calls: usize) -> Vec<Vec<f64>> {
    let start = Instant::now();
    let region: Region = REGION.parse().unwrap();
    let projects: Vec<ProjectId> = (0..projects)
        .map(|number| format!("acme-prod-{number}").parse().unwrap())
        .collect();
    let went: Vec<RefCell<Vec<f64>>> = projects.iter().map(|_| RefCell::default()).collect();
    let one = |project: usize| {
        let (region, projects, went) = (&region, &projects, &went);
        async move {
            let call = Call::read(
                Api::Run,
                "run.x",
                &projects[project],
                Some(region),
                String::new(),
            );
            let admission = limiter.admit(&call).await.unwrap();
            went[project]
                .borrow_mut()
                .push(start.elapsed().as_secs_f64());
            admission.answered();
        }
    };
    join_all(
        (0..projects.len())
            .flat_map(|project| (0..calls).map(move |_| project))
            .map(one),
    )
    .await;
    went.into_iter().map(RefCell::into_inner).collect()
}

#[tokio::test(start_paused = true)]
async fn fifty_projects_are_as_fast_as_one() {
    let alone = send(&limiter(2.0), 1, 20).await;
    let together = send(&limiter(2.0), 50, 20).await;
    for project in &together {
        assert_eq!(project.len(), 20);
        let (last, expected) = (project[19], alone[0][19]);
        assert!((last - expected).abs() < 0.1, "{last} {expected}");
    }
    assert!((9.4..9.7).contains(&alone[0][19]), "{alone:?}");
}

#[tokio::test(start_paused = true)]
async fn no_second_holds_more_than_the_rate() {
    let went = &send(&limiter(5.0), 1, 60).await[0];
    for (first, start) in went.iter().enumerate() {
        for (last, end) in went.iter().enumerate().skip(first) {
            let calls = f64::from(u32::try_from(last - first + 1).unwrap());
            assert!(calls <= 1.0 + 5.0 * (end - start) + 1e-6, "{start} {end}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn other_regions_and_apis_have_buckets_of_their_own_and_writes_where_google_counts_them() {
    let limiter = Limiter::new(Some(Rates::default()), Patience::default());
    let project: ProjectId = "acme-prod".parse().unwrap();
    let (here, there): (Region, Region) = (REGION.parse().unwrap(), "us-east1".parse().unwrap());
    let key = |api, access, region| {
        let doing = String::new();
        let read = Call::read(api, "x", &project, Some(region), doing);
        Key::of(&Call { access, ..read }, limiter.rates.as_ref())
    };
    let (read, write) = (Access::Read, Access::Write);
    assert_ne!(key(Api::Run, read, &here), key(Api::Run, read, &there));
    assert_ne!(key(Api::Run, read, &here), key(Api::Run, write, &here));
    assert_ne!(key(Api::Run, read, &here), key(Api::VpcAccess, read, &here));
    assert_eq!(
        key(Api::VpcAccess, read, &here),
        key(Api::VpcAccess, write, &here)
    );
    assert_eq!(
        key(Api::Compute, read, &here),
        key(Api::Compute, write, &there)
    );
    let uniform = Rates::uniform(Rate::per_second(1.0).unwrap());
    let call = Call::write(Api::Run, "x", &project, &here, String::new());
    assert_eq!(Key::of(&call, Some(&uniform)), key(Api::Run, read, &here));
}

/// Forty callers meet a storm of refusals that lasts so long; answers when each request went, and how many of them
/// were answered.
async fn storm(
    limiter: &Limiter,
    lasts: Duration,
    asked: Option<Duration>,
) -> (Vec<Duration>, usize) {
    let start = Instant::now();
    let region: Region = REGION.parse().unwrap();
    let project: ProjectId = "acme-prod".parse().unwrap();
    let went = RefCell::new(Vec::new());
    let one = || async {
        let call = Call::read(Api::Run, "run.x", &project, Some(&region), String::new());
        while let Ok(admission) = limiter.admit(&call).await {
            went.borrow_mut().push(start.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
            if start.elapsed() > lasts {
                admission.answered();
                return true;
            }
            admission.refused(asked);
        }
        false
    };
    let answered = join_all((0..40).map(|_| one())).await;
    let answered = answered.into_iter().filter(|answered| *answered).count();
    (went.into_inner(), answered)
}

#[tokio::test(start_paused = true)]
async fn a_storm_costs_one_request_per_pause_and_nobody_rushes_back() {
    let lasts = Duration::from_mins(5);
    for (asked, probes) in [(None, 300 / 8 + 3), (Some(30), 300 / 30)] {
        let limiter = Limiter::new(Some(Rates::default()), Patience::default());
        let (went, answered) = storm(&limiter, lasts, asked.map(Duration::from_secs)).await;
        assert_eq!(answered, 40, "everybody has patience enough");
        let during: Vec<&Duration> = went.iter().filter(|at| **at < lasts).collect();
        // All who were on their way when the storm began, and then the probes.
        assert!(
            during.len() <= ON_THEIR_WAY + probes,
            "{asked:?}: {}",
            during.len()
        );
        let mut after: Vec<Duration> = went.iter().copied().filter(|at| *at >= lasts).collect();
        after.sort();
        // Ten per second is the rate; after a storm even less at first.
        for two in after.windows(2) {
            assert!(two[1] >= two[0] + Duration::from_millis(49), "{two:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_storm_that_does_not_end_is_given_up() {
    let limiter = Limiter::new(Some(Rates::default()), Patience::default());
    let start = Instant::now();
    let (went, answered) = storm(&limiter, Duration::from_hours(9), None).await;
    assert_eq!(answered, 0);
    assert!(start.elapsed() <= Duration::from_mins(10));
    assert!(went.len() <= ON_THEIR_WAY + 600 / 8 + 3, "{}", went.len());
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_holds_up_nobody() {
    let limiter = limiter(1.0);
    let region: Region = REGION.parse().unwrap();
    let project: ProjectId = "acme-prod".parse().unwrap();
    let call = Call::read(Api::Run, "run.x", &project, Some(&region), String::new());
    limiter.admit(&call).await.unwrap().refused(None);
    // One gives up while it waits for the gate, one while it is the probe.
    let waiting = limiter.admit(&call);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), waiting)
            .await
            .is_err()
    );
    drop(limiter.admit(&call).await.unwrap());
    let third = tokio::time::timeout(Duration::from_secs(10), limiter.admit(&call)).await;
    third.unwrap().unwrap().answered();
}
