//! What makes a rebuild slower than it has to be.

mod copy_before_install;
mod missing_cache_mount;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&copy_before_install::RULE, &missing_cache_mount::RULE];
