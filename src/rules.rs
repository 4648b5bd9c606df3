//! The catalogue: every rule, by family.

use crate::rule::Rule;

mod builds;
mod cache;
mod commands;
mod context;
mod packages;
mod pinning;
mod runtime;
mod secrets;
mod shared;
mod size;
mod stages;
mod syntax;

pub use runtime::{SHELL_MISTAKE, scripts as shell_scripts};
pub use syntax::{MALFORMED_SUPPRESSION, SYNTAX_ERROR, UNKNOWN_SUPPRESSION, UNUSED_SUPPRESSION};

/// All rules, by family and name.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let families = [
        builds::RULES,
        cache::RULES,
        context::RULES,
        packages::RULES,
        pinning::RULES,
        runtime::RULES,
        secrets::RULES,
        shared::RULES,
        size::RULES,
        stages::RULES,
        syntax::RULES,
    ];
    families.into_iter().flatten().copied()
}
