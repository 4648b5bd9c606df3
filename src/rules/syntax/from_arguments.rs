//! The arguments that `FROM` can use: those before the first stage, and those that BuildKit sets itself.

use crate::{
    rule::FileCx,
    syntax::{Instruction, Word},
};

/// What BuildKit sets for every build, with a value that each may have.
pub(super) const PREDEFINED: [(&str, &str); 12] = [
    ("TARGETPLATFORM", "linux/amd64"),
    ("TARGETOS", "linux"),
    ("TARGETARCH", "amd64"),
    ("TARGETVARIANT", ""),
    ("TARGETOSVERSION", ""),
    ("TARGETSTAGE", "default"),
    ("BUILDPLATFORM", "linux/amd64"),
    ("BUILDOS", "linux"),
    ("BUILDARCH", "amd64"),
    ("BUILDVARIANT", ""),
    ("BUILDOSVERSION", ""),
    ("BUILDKIT_SYNTAX", ""),
];

/// The arguments before the first `FROM`, as `NAME` or `NAME=default`.
pub(super) fn globals<'a>(cx: &FileCx<'a>) -> impl Iterator<Item = &'a Word> {
    cx.instructions().take_while(|it| it.stage.is_none()).flat_map(Instruction::words)
}

/// The default of a global argument as it is written; `None` if it is not declared, and nothing if it has none.
pub(super) fn global<'a>(cx: &FileCx<'a>, name: &str) -> Option<&'a str> {
    // The last declaration counts.
    let declared = globals(cx).filter_map(|it| match it.text.split_once('=') {
        Some((own, default)) => (own == name).then_some(default),
        None => (it.text == name).then_some(""),
    });
    declared.last()
}
