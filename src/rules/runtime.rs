//! How the container behaves when it runs.

mod missing_healthcheck;
mod named_user;
mod root_user;
mod shell_form;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] =
    &[&missing_healthcheck::RULE, &named_user::RULE, &root_user::RULE, &shell_form::RULE];
