//! Versions that are left to chance.

mod unpinned_base;
mod unpinned_package;
mod untrusted_registry;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&unpinned_base::RULE, &unpinned_package::RULE, &untrusted_registry::RULE];
