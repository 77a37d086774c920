//! Connectors.

use super::*;

#[test]
fn a_connector_grows_where_it_is_too_small_also_when_it_is_larger_elsewhere() {
    let with = |min, max| {
        let mut link = link("t/one", "a", "b", "10.8.0.0/28");
        if let Egress::Connector(ConnectorChoice::Managed { instances, .. }) = &mut link.egress {
            *instances = Instances { min, max };
        }
        link
    };
    let fake = Fake::new(before(), 0);
    let _applied = apply(&fake, &[with(2, 7)]);
    let report = apply(&fake, &[with(3, 6)]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    let state = fake.state();
    let limits = state
        .connectors
        .values()
        .map(|live| (live.min_instances, live.max_instances));
    assert!(
        limits.into_iter().any(|limits| limits == (3, 7)),
        "{:?}",
        state.connectors
    );
}
