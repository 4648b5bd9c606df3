//! The catalogue: every rule, by family.

use crate::rule::Rule;

mod cache;
mod packages;
mod size;
mod syntax;

pub use syntax::{SYNTAX_ERROR, UNKNOWN_SUPPRESSION};

/// All rules, by family and name.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [cache::RULES, packages::RULES, size::RULES, syntax::RULES].into_iter().flatten().copied()
}
