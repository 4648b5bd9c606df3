//! What makes an image bigger than it has to be.

mod cache_kept;
mod chown_after_copy;
mod full_clone;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&cache_kept::RULE, &chown_after_copy::RULE, &full_clone::RULE];
