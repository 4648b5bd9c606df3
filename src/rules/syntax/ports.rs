//! The ports of `EXPOSE`, with variables put in.

use crate::{
    model::expand,
    rule::FileCx,
    syntax::{Keyword, Word},
};

/// A port of an `EXPOSE`.
pub(super) struct Port<'a> {
    /// The word it comes from.
    pub(super) word: &'a Word,
    /// What it says: `80`, `80-90/udp`.
    pub(super) text: String,
}

/// All ports whose text is known.
pub(super) fn ports<'a>(cx: &FileCx<'a>) -> Vec<Port<'a>> {
    let steps = cx.model.stages.iter().flat_map(|it| &it.steps);
    let mut ports = Vec::new();
    for step in steps {
        let instruction = cx.model.instruction(step);
        if instruction.kind != Keyword::Expose {
            continue;
        }
        for word in instruction.words() {
            let text = expand(&word.text, cx.unit.syntax.escape, &|name| step.before.variable(name));
            let text = text.unwrap_or_default();
            // Only here the builder divides a word again after it has put in variables.
            ports.extend(text.split_whitespace().map(|it| Port { word, text: it.to_owned() }));
        }
    }
    ports
}
