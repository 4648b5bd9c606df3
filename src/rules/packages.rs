//! Package managers: what they fetch, and when.

mod update_alone;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&update_alone::RULE];
