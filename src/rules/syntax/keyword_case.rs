//! Keywords in another case than most of the file: see `rules/syntax/keyword-case.md`.

use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
    syntax::{Instruction, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "keyword-case", Check::File(check));

/// How a keyword is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
}

impl Case {
    /// The case of a word; `None` if it has both.
    pub(super) fn of(word: &str) -> Option<Self> {
        match (word.bytes().any(|it| it.is_ascii_lowercase()), word.bytes().any(|it| it.is_ascii_uppercase())) {
            (false, _) => Some(Self::Upper),
            (true, false) => Some(Self::Lower),
            (true, true) => None,
        }
    }

    /// A word in this case.
    pub(super) fn of_word(self, word: &str) -> String {
        match self {
            Self::Upper => word.to_uppercase(),
            Self::Lower => word.to_lowercase(),
        }
    }
}

/// A keyword as it stands in the file; in the rare case that it is divided by a line end, in upper case.
pub(super) fn written(cx: &FileCx<'_>, instruction: &Instruction) -> String {
    let text = cx.source.slice(instruction.keyword.span);
    if text.contains('\n') { instruction.keyword.text.clone() } else { text.to_owned() }
}

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    let known = || cx.instructions().filter(|it| it.stage.is_some() && it.kind != Keyword::Unknown);
    let case = |it: &Instruction| Case::of(cx.source.slice(it.keyword.span));
    let count = |wanted| known().filter(|it| case(it) == Some(wanted)).count();
    let majority = if count(Case::Lower) > count(Case::Upper) { Case::Lower } else { Case::Upper };
    for instruction in known().filter(|it| case(it) != Some(majority)) {
        let text = written(cx, instruction);
        let right = majority.of_word(&text);
        let message = format!("`{text}` is written in another way than most keywords of this file");
        let mut finding = Finding::new(RULE.name, cx.at(instruction.keyword.span), message)
            .note("Keywords that look alike are found faster.");
        if !cx.source.slice(instruction.keyword.span).contains('\n') {
            let edit = Edit::replace(instruction.keyword.span, right.as_str());
            finding.fix = cx.fix(format!("Write `{right}`"), Safety::Safe, [edit]);
        }
        out.push(finding);
    }
}
