//! Package managers: what they fetch, and when.

mod dev_dependencies;
mod interactive_install;
mod split_install;
mod unlocked_install;
mod update_alone;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[
    &dev_dependencies::RULE,
    &interactive_install::RULE,
    &split_install::RULE,
    &unlocked_install::RULE,
    &update_alone::RULE,
];
