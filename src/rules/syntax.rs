//! What BuildKit refuses or warns of, what misleads the reader, and comments that dockopt cannot follow.

mod add_for_copy;
mod cd_in_run;
mod consecutive_runs;
mod constant_platform;
mod copy_from_itself;
mod copy_without_slash;
mod copy_without_workdir;
mod empty_continuation;
mod from_arguments;
mod from_as_case;
mod host_port_exposed;
mod invalid_default_base;
mod invalid_port;
mod keyword_case;
mod labels;
mod legacy_pair;
mod linked_shell;
mod maintainer_used;
mod overridden_instruction;
mod ports;
mod protocol_case;
mod redundant_platform;
mod relative_workdir;
mod repeated_stage_name;
mod reserved_stage_name;
mod self_referring_env;
mod stage_name_case;
mod suppression_used;
mod undefined_from_argument;
mod undefined_variable;
mod undescribed_definition;
mod unknown_copy_source;
mod unusual_label;
mod whole_image_copied;

use crate::rule::{Check, Rule};

/// Text that is no Dockerfile. The engine itself reports it.
pub static SYNTAX_ERROR: Rule = crate::rule!("syntax" / "syntax-error", Check::Engine);
/// A comment to silence something that nobody can read. The engine itself reports it.
pub static MALFORMED_SUPPRESSION: Rule = crate::rule!("syntax" / "malformed-suppression", Check::Engine);
/// A comment that silences nothing. The engine itself reports it.
pub static UNUSED_SUPPRESSION: Rule = crate::rule!("syntax" / "unused-suppression", Check::Engine);
/// A comment that silences a rule that does not exist. The engine itself reports it.
pub static UNKNOWN_SUPPRESSION: Rule = crate::rule!("syntax" / "unknown-suppression", Check::Engine);

pub(super) static RULES: &[&Rule] = &[
    &add_for_copy::RULE,
    &cd_in_run::RULE,
    &consecutive_runs::RULE,
    &constant_platform::RULE,
    &copy_from_itself::RULE,
    &copy_without_slash::RULE,
    &copy_without_workdir::RULE,
    &empty_continuation::RULE,
    &from_as_case::RULE,
    &host_port_exposed::RULE,
    &invalid_default_base::RULE,
    &invalid_port::RULE,
    &keyword_case::RULE,
    &labels::INVALID,
    &labels::MISSING,
    &labels::UNKNOWN,
    &legacy_pair::RULE,
    &linked_shell::RULE,
    &maintainer_used::RULE,
    &overridden_instruction::RULE,
    &protocol_case::RULE,
    &redundant_platform::RULE,
    &relative_workdir::RULE,
    &repeated_stage_name::RULE,
    &reserved_stage_name::RULE,
    &self_referring_env::RULE,
    &stage_name_case::RULE,
    &suppression_used::RULE,
    &undefined_from_argument::RULE,
    &undefined_variable::RULE,
    &undescribed_definition::RULE,
    &unknown_copy_source::RULE,
    &unusual_label::RULE,
    &whole_image_copied::RULE,
    &SYNTAX_ERROR,
    &MALFORMED_SUPPRESSION,
    &UNKNOWN_SUPPRESSION,
    &UNUSED_SUPPRESSION,
];
