//! Variables that nobody sets: see `rules/syntax/undefined-variable.md`.

use crate::{
    finding::Finding,
    model::{Base, Stage, State, is_refused, variables},
    names,
    rule::{Check, FileCx, Rule},
    source::Span,
    syntax::{Args, Instruction, Keyword},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "undefined-variable", Check::File(check));

/// Images that set no variable but `PATH`.
const BARE_IMAGES: &[&str] = &[
    "debian",
    "ubuntu",
    "alpine",
    "fedora",
    "centos",
    "rockylinux",
    "almalinux",
    "amazonlinux",
    "archlinux",
    "busybox",
];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for stage in &cx.model.stages {
        let is_bare = is_bare(cx, stage);
        for step in &stage.steps {
            let instruction = cx.model.instruction(step);
            // Most instructions use no variables.
            if cx.source.slice(instruction.span).contains('$') {
                Words { cx, state: &step.before, is_bare, own: "", out }.instruction(instruction);
            }
        }
    }
}

/// Whether the image below a stage is known to set no variables.
pub(super) fn is_bare(cx: &FileCx<'_>, stage: &Stage) -> bool {
    let bottom = cx.model.ancestry(stage.index).last();
    match bottom.map(|it| &it.base) {
        Some(Base::Scratch) => true,
        Some(Base::Image(it)) => BARE_IMAGES.contains(&it.name.as_str()),
        Some(Base::Stage(_) | Base::Unknown) | None => false,
    }
}

/// The words of an instruction that the builder expands.
struct Words<'a, 'b> {
    cx: &'a FileCx<'a>,
    state: &'a State,
    is_bare: bool,
    /// The variable that is being set: what adds to it counts on nothing where there is nothing.
    own: &'a str,
    out: &'b mut Vec<Finding>,
}

impl<'a> Words<'a, '_> {
    fn instruction(&mut self, it: &'a Instruction) {
        match (it.kind, &it.args) {
            (Keyword::Env | Keyword::Label, Args::Pairs(pairs)) => {
                for pair in pairs {
                    self.word(&pair.key.text, pair.key.span, &[]);
                    self.own = &pair.key.text;
                    self.word(&pair.value.text, pair.value.span, &[]);
                }
                self.own = "";
            }
            (Keyword::Copy | Keyword::Add, _) => {
                for flag in it.flags.iter().filter(|it| matches!(it.name.as_str(), "chown" | "chmod" | "checksum")) {
                    self.word(flag.value.as_ref().map_or("", |it| &it.text), flag.span, &[]);
                }
                for word in it.words().iter().filter(|it| !it.text.contains("<<")) {
                    self.word(&word.text, word.span, &[]);
                }
                for heredoc in it.heredocs.iter().filter(|it| it.expand) {
                    self.word(self.cx.source.slice(heredoc.body), heredoc.opener, &[]);
                }
            }
            (Keyword::Volume, _) => it.words().iter().for_each(|it| self.word(&it.text, it.span, &[])),
            (Keyword::Arg, _) => {
                // Each sees those before it.
                let mut declared = Vec::new();
                for word in it.words() {
                    let (name, default) = word.text.split_once('=').unwrap_or((&word.text, ""));
                    self.word(default, word.span, &declared);
                    declared.push(name);
                }
            }
            (Keyword::Workdir | Keyword::User | Keyword::Stopsignal, Args::Text(word)) => {
                self.word(&word.text, word.span, &[]);
            }
            (Keyword::Run, _) => {
                for flag in it.flags.iter().filter(|it| it.name == "mount") {
                    self.word(flag.value.as_ref().map_or("", |it| &it.text), flag.span, &[]);
                }
            }
            _ => {}
        }
    }

    fn word(&mut self, raw: &str, span: Span, also: &[&str]) {
        if !raw.contains('$') {
            return;
        }
        let mut seen = Vec::new();
        for name in variables(raw, self.cx.unit.syntax.escape) {
            let is_set = name == "PATH" || self.state.variables.contains_key(name) || also.contains(&name);
            if is_set || seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let declared = self.state.variables.keys().map(String::as_str).chain(also.iter().copied());
            // A short name is near to many others.
            let near = names::closest(name, declared).filter(|_| name.len() > 3);
            let message = format!("nothing here sets `{name}`");
            let finding = Finding::new(RULE.name, self.cx.at(span), message);
            self.out.push(match near {
                _ if name == self.own || is_refused(raw, name) => {
                    finding.note("It is empty unless the base image sets it.").for_parity()
                }
                Some(near) => finding.note(format!("Did you mean `{near}`?")),
                None if self.is_bare => finding.note("It is empty. Declare it with `ARG` or `ENV` in this stage."),
                None => finding.note("It is empty unless the base image sets it.").for_parity(),
            });
        }
    }
}
