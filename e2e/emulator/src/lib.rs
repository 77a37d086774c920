//! (being written)
mod call;
mod clock;
mod compute;
mod document;
mod engine;
mod fields;
mod filter;
mod identity;
mod operations;
mod pages;
mod refusal;
mod resources;
mod rules;
mod store;
#[cfg(test)]
mod testing;
