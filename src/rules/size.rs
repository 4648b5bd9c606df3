//! What makes an image bigger than it has to be.

mod cache_kept;
mod full_clone;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&cache_kept::RULE, &full_clone::RULE];
