//! What makes a rebuild slower than it has to be.

mod copy_before_install;
mod early_build_info;
mod harmful_cache_mount;
mod missing_cache_mount;
mod mounts;
mod recompiled_dependencies;
mod unpinned_add;
mod useless_cache_mount;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[
    &copy_before_install::RULE,
    &early_build_info::RULE,
    &harmful_cache_mount::RULE,
    &missing_cache_mount::RULE,
    &recompiled_dependencies::RULE,
    &unpinned_add::RULE,
    &useless_cache_mount::RULE,
];
