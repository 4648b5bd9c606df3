//! What is sent to the builder, and what is not.

mod ballast;
mod context_ballast;
mod ignored_copy_source;
mod mentions;
mod misread_ignore_line;
mod secret_in_context;
mod sharing;
mod tmpfs_sends_all;
mod unversioned_copy;
mod wasted_exclude;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[
    &context_ballast::RULE,
    &ignored_copy_source::RULE,
    &misread_ignore_line::RULE,
    &secret_in_context::RULE,
    &tmpfs_sends_all::RULE,
    &unversioned_copy::RULE,
    &wasted_exclude::RULE,
];
