//! Serverless VPC Access v1.

pub(crate) mod connectors;
mod creation;

pub(crate) use creation::RULES;

#[cfg(test)]
pub(crate) use creation::tests;
