//! Serverless VPC Access v1.

pub(crate) mod connectors;
mod creation;
mod settings;

use crate::rules::Rule;

/// The rules of the files that no resource owns.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    [creation::RULES, settings::RULES]
        .into_iter()
        .flatten()
        .copied()
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::testing::Provocation;

    pub(crate) fn provocations() -> Vec<Provocation> {
        let mut all = super::connectors::tests::provocations();
        all.extend(super::creation::tests::provocations());
        all.extend(super::settings::tests::provocations());
        all
    }
}
