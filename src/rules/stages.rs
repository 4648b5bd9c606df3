//! How a build is divided into stages.

mod single_stage_build;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&single_stage_build::RULE];
