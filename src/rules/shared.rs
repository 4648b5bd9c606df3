//! What several Dockerfiles have in common.

mod mixed_base_tags;
mod repeated_setup;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&mixed_base_tags::RULE, &repeated_setup::RULE];
