//! How a build is divided into stages.

mod single_stage_build;
mod unreachable_stage;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&single_stage_build::RULE, &unreachable_stage::RULE];
