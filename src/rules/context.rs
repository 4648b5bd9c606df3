//! What is sent to the builder, and what is not.

mod ballast;
mod context_ballast;
mod copied_dockerfile;
mod copied_documents;
mod ignored_copy_source;
mod invalid_ignore_line;
mod large_context;
mod lines;
mod mentions;
mod misread_ignore_line;
mod missing_copy_source;
mod missing_ignore_file;
mod open_ignore_file;
mod secret_in_context;
mod shadowed_ignore_line;
mod sharing;
mod tmpfs_sends_all;
mod unversioned_copy;
mod useless_ignore_line;
mod wasted_exclude;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[
    &context_ballast::RULE,
    &copied_dockerfile::RULE,
    &copied_documents::RULE,
    &ignored_copy_source::RULE,
    &invalid_ignore_line::RULE,
    &large_context::RULE,
    &misread_ignore_line::RULE,
    &missing_copy_source::RULE,
    &missing_ignore_file::RULE,
    &open_ignore_file::RULE,
    &secret_in_context::RULE,
    &shadowed_ignore_line::RULE,
    &tmpfs_sends_all::RULE,
    &unversioned_copy::RULE,
    &useless_ignore_line::RULE,
    &wasted_exclude::RULE,
];
