//! What several Dockerfiles have in common.

mod repeated_setup;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&repeated_setup::RULE];
