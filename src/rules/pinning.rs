//! Versions that are left to chance.

mod unpinned_base;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&unpinned_base::RULE];
