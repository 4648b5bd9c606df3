//! Package managers: what they fetch, and when.

mod apt_used;
mod dev_dependencies;
mod dist_upgrade;
mod interactive_install;
mod noisy_download;
mod recommended_packages;
mod source_build;
mod split_install;
mod two_downloaders;
mod unlocked_install;
mod update_alone;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[
    &apt_used::RULE,
    &dev_dependencies::RULE,
    &dist_upgrade::RULE,
    &interactive_install::RULE,
    &noisy_download::RULE,
    &recommended_packages::RULE,
    &source_build::RULE,
    &split_install::RULE,
    &two_downloaders::RULE,
    &unlocked_install::RULE,
    &update_alone::RULE,
];
