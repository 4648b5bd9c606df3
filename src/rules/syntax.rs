//! What BuildKit would refuse, and comments that dockopt cannot follow. The engine itself reports both.

use crate::rule::{Check, Rule};

/// Text that is no Dockerfile.
pub static SYNTAX_ERROR: Rule = crate::rule!("syntax" / "syntax-error", Check::Engine);
/// A comment that silences a rule that does not exist.
pub static UNKNOWN_SUPPRESSION: Rule = crate::rule!("syntax" / "unknown-suppression", Check::Engine);

pub(super) static RULES: &[&Rule] = &[&SYNTAX_ERROR, &UNKNOWN_SUPPRESSION];
