//! What must not be in an image.

mod secret_in_variable;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[&secret_in_variable::RULE];
