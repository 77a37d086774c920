//! Enum values that travel as numbers, which the documents do not tell.

use crate::enums;

/// The name of an enum value that is written as a number, by the field's name and the names that Google has.
pub(super) fn name(field: &str, choices: &[String], number: i64) -> Option<&'static str> {
    enums::numbers(field)
        .iter()
        .find(|(name, value)| *value == Some(number) && choices.iter().any(|choice| choice == name))
        .map(|(name, _)| *name)
}
