//! How the container behaves when it runs.

mod missing_healthcheck;
mod named_user;
mod root_user;
mod shell_form;
mod shell_mistake;
mod sudo_used;
mod unchecked_pipe;
mod useless_command;

use crate::rule::Rule;

pub use shell_mistake::{RULE as SHELL_MISTAKE, scripts};

pub(super) static RULES: &[&Rule] = &[
    &missing_healthcheck::RULE,
    &named_user::RULE,
    &root_user::RULE,
    &shell_form::RULE,
    &shell_mistake::RULE,
    &sudo_used::RULE,
    &unchecked_pipe::RULE,
    &useless_command::RULE,
];
