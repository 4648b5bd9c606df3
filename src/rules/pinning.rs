//! Versions that are left to chance.

mod unpinned_base;
mod unpinned_package;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&unpinned_base::RULE, &unpinned_package::RULE];
