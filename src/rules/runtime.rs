//! How the container behaves when it runs.

mod missing_healthcheck;
mod named_user;
mod root_user;
mod shell_form;
mod sudo_used;
mod unchecked_pipe;
mod useless_command;

use crate::rule::Rule;

pub(super) static RULES: &[&Rule] = &[
    &missing_healthcheck::RULE,
    &named_user::RULE,
    &root_user::RULE,
    &shell_form::RULE,
    &sudo_used::RULE,
    &unchecked_pipe::RULE,
    &useless_command::RULE,
];
