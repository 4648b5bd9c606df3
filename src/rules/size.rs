//! What makes an image bigger than it has to be.

mod cache_kept;
mod chown_after_copy;
mod copied_archive;
mod deleted_later;
mod full_clone;
mod sparse_user_log;
mod uncleaned_cache;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[
    &cache_kept::RULE,
    &chown_after_copy::RULE,
    &copied_archive::RULE,
    &deleted_later::RULE,
    &full_clone::RULE,
    &sparse_user_log::RULE,
    &uncleaned_cache::RULE,
];
