//! How a build is divided into stages.

mod copied_stage;
mod repeated_step;
mod single_stage_build;
mod unlinked_copy;
mod unreachable_stage;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[
    &copied_stage::RULE,
    &repeated_step::RULE,
    &single_stage_build::RULE,
    &unlinked_copy::RULE,
    &unreachable_stage::RULE,
];
