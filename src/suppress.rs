//! Comments that silence findings: dockopt's own, hadolint's, and BuildKit's `# check=skip=…`.

use crate::{
    finding::Finding,
    names::{self, Name},
    rule::Rule,
    source::{Source, Span},
    syntax::{Dockerfile, Instruction, Item, ItemKind, Keyword},
};

/// What is silenced in one Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppressions {
    /// Names in dockopt's own comments that nothing answers to, and comments of ours that cannot be read:
    /// where, what stands there, and what was perhaps meant.
    pub unknown: Vec<(Span, String, Option<&'static str>)>,
    silenced: Vec<Silenced>,
}

/// One silenced name and the bytes for which it holds: to the end of an instruction, without its line end,
/// so that the end itself belongs to it too.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Silenced {
    scope: Span,
    target: Target,
    /// Whether it is BuildKit's comment above one instruction.
    of_instruction: bool,
}

/// Checks that BuildKit makes before it looks at comments above instructions.
const CHECKS_OF_FILES: &[&str] = &[
    "buildkit/NoEmptyContinuation",
    "buildkit/ConsistentInstructionCasing",
    "buildkit/DuplicateStageName",
    "buildkit/ReservedStageName",
    "buildkit/InvalidDefaultArgInFrom",
];
/// A check that is an experiment, which `skip=all` does not reach.
const EXPERIMENT: &str = "buildkit/InvalidDefinitionDescription";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// A name as dockopt's own comments give it.
    Name(String),
    /// A code with the name of its tool: such a comment means that tool's rule and nothing else.
    Code(String),
    /// Every rule that BuildKit has too.
    AllOfBuildkit,
}

/// Where a comment goes that silences what stands at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Before this byte, the first of a line.
    pub offset: usize,
    /// The blanks before the line.
    indent: usize,
    /// Whether the place stands in no instruction, so that only the whole file can be meant.
    whole_file: bool,
}

impl Position {
    /// Above the instruction in which the span starts; of another place, above the first instruction.
    /// `None` in a file without instructions.
    pub fn of(source: &Source, file: &Dockerfile, span: Span) -> Option<Self> {
        let holds = |it: &Item| it.span.start <= span.start && span.start < it.span.end;
        let is_instruction = |it: &Item| matches!(it.kind, ItemKind::Instruction(_));
        let at = file.items.iter().position(holds).filter(|at| is_instruction(&file.items[*at]));
        let whole_file = at.is_none();
        let at = at.or_else(|| file.items.iter().position(is_instruction))?;
        let ItemKind::Instruction(instruction) = &file.items[at].kind else { return None };
        // What another tool reads in the line directly above has to stay there.
        let above = at.checked_sub(1).map(|above| &file.items[above]);
        let is_read = |it: &&Item| it.kind == ItemKind::Comment && is_bound(source.slice(it.span), instruction);
        let start = above.filter(is_read).map_or(file.items[at].span.start, |it| it.span.start) as usize;
        let indent = source.text[start..].len() - source.text[start..].trim_start_matches([' ', '\t']).len();
        Some(Self { offset: start, indent, whole_file })
    }

    /// The comment for these rules, a whole line.
    pub fn comment(&self, rules: &[&str], reason: &str) -> String {
        let verb = if self.whole_file { "ignore-file" } else { "ignore" };
        let blanks = " ".repeat(self.indent);
        let space = if reason.is_empty() { "" } else { " " };
        format!("{blanks}# dockopt: {verb}[{}]{space}{reason}\n", rules.join(", "))
    }
}

/// Whether a comment has to stand directly above the instruction: hadolint's, and the description of an argument or
/// a stage, which begins with its name.
fn is_bound(comment: &str, below: &Instruction) -> bool {
    let content = comment.trim().trim_start_matches('#').trim_start();
    let describes = [Keyword::Arg, Keyword::From].contains(&below.kind)
        && content.split_whitespace().next().is_some_and(|first| {
            let mut words = below.rest.text.split_whitespace();
            words.any(|it| it.split('=').next() == Some(first))
        });
    describes || content.starts_with("hadolint ")
}

/// How to write what could not be read.
const FORM: &str = "ignore[rule] reason";

impl Suppressions {
    /// Reads the comments and directives of a Dockerfile.
    pub fn of(source: &Source, file: &Dockerfile) -> Self {
        let mut out = Self::default();
        let below = instructions_below(&file.items);
        for (item, below) in file.items.iter().zip(below) {
            match &item.kind {
                ItemKind::Comment => out.comment(source, file, item, below),
                ItemKind::Directive(it) if it.name.text == "check" => {
                    out.skip(&it.value.text, whole(source));
                }
                ItemKind::Instruction(it) => {
                    for comment in &it.comments {
                        if let Some(own) = Own::find(source, *comment) {
                            out.own(&own, it.span, whole(source));
                        }
                    }
                }
                ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Directive(_) => {}
            }
        }
        out.checks_above_instructions(source, file);
        out
    }

    /// Whether a finding of `rule` is silenced.
    pub fn silences(&self, rule: &Rule, finding: &Finding) -> bool {
        let start = finding.location.span.start;
        let covers = |scope: Span| scope.start <= start && start <= scope.end;
        let is_in_vain =
            |it: &Silenced| it.of_instruction && rule.codes_of(finding).iter().any(|it| CHECKS_OF_FILES.contains(it));
        self.silenced.iter().any(|it| covers(it.scope) && it.target.is(rule, finding) && !is_in_vain(it))
    }

    /// A comment between instructions.
    fn comment(&mut self, source: &Source, file: &Dockerfile, item: &Item, below: Below<'_>) {
        if let Some(own) = Own::find(source, item.span) {
            self.own(&own, below.anywhere.map_or(item.span, |it| item.span.cover(it.span)), whole(source));
            return;
        }
        let Some(pragma) = Pragma::find(source.slice(item.span)) else { return };
        let scope = match pragma.reach {
            Reach::File => Some(whole(source)),
            Reach::Next => below.adjacent.map(|it| item.span.cover(it.span)),
            Reach::Stage => below
                .adjacent
                .filter(|it| it.kind == Keyword::From)
                .map(|it| item.span.cover(stage_from(source, file, it.span))),
        };
        for (code, scope) in pragma.codes.into_iter().zip(scope.into_iter().cycle()) {
            self.silenced.push(Silenced { scope, target: Target::Code(code), of_instruction: false });
        }
    }

    /// A comment of dockopt's own, with what `ignore` and `ignore-file` reach from there.
    fn own(&mut self, own: &Own<'_>, instruction: Span, file: Span) {
        let (scope, names) = match own.what {
            Some((Verb::Ignore, names)) => (instruction, names),
            Some((Verb::IgnoreFile, names)) => (file, names),
            None => {
                self.unknown.push((own.span, own.text.to_owned(), Some(FORM)));
                return;
            }
        };
        for name in names.split(',').map(str::trim) {
            match names::look_up(name) {
                Name::Known => {
                    self.silenced.push(Silenced {
                        scope,
                        target: Target::Name(name.to_owned()),
                        of_instruction: false,
                    });
                }
                Name::Foreign => {}
                Name::Unknown(_) if name.is_empty() => {
                    self.unknown.push((own.span, own.text.to_owned(), Some(FORM)));
                }
                Name::Unknown(near) => {
                    let start = own.span.start as usize + own.offset_of(name);
                    self.unknown.push((Span::new(start, start + name.len()), name.to_owned(), near));
                }
            }
        }
    }

    /// `# check=skip=…` in the block of comments above an instruction: as BuildKit reads them, they start in
    /// column one, the first one counts, a lone `#` cuts the block, and blank lines do not.
    fn checks_above_instructions(&mut self, source: &Source, file: &Dockerfile) {
        let mut found: Option<(Span, &str)> = None;
        for item in &file.items {
            match &item.kind {
                ItemKind::Comment => {
                    let text = source.slice(item.span);
                    let content = text.trim_start().trim_start_matches('#').trim();
                    if content.is_empty() {
                        found = None;
                    } else if let Some(options) = check_options(text) {
                        found = found.or(Some((item.span, options)));
                    }
                }
                ItemKind::Instruction(it) => {
                    if let Some((comment, options)) = found.take() {
                        let before = self.silenced.len();
                        self.skip(options, comment.cover(it.span));
                        for it in &mut self.silenced[before..] {
                            it.of_instruction = true;
                        }
                    }
                }
                ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Directive(_) => {}
            }
        }
    }

    /// The options of a `check` directive or comment; a malformed one silences nothing, as in BuildKit.
    fn skip(&mut self, options: &str, scope: Span) {
        let options = options.trim().split([' ', '\t']).next().unwrap_or_default();
        let parts: Option<Vec<_>> = options.split(';').map(|it| it.split_once('=')).collect();
        let known = |key: &str| ["skip", "error", "experimental"].contains(&key.trim());
        let Some(parts) = parts.filter(|it| it.iter().all(|(key, _)| known(key))) else { return };
        let skipped = parts.iter().filter(|(key, _)| key.trim() == "skip").flat_map(|(_, it)| it.split(','));
        for name in skipped.map(str::trim).filter(|it| !it.is_empty()) {
            let target = match name {
                "all" => Target::AllOfBuildkit,
                name => Target::Code(format!("buildkit/{name}")),
            };
            self.silenced.push(Silenced { scope, target, of_instruction: false });
        }
    }
}

impl Target {
    fn is(&self, rule: &Rule, finding: &Finding) -> bool {
        match self {
            Self::Name(name) => names::means_finding(name, rule, finding),
            Self::Code(code) => rule.codes_of(finding).contains(&code.as_str()),
            Self::AllOfBuildkit => {
                rule.codes_of(finding).iter().any(|it| it.starts_with("buildkit/") && *it != EXPERIMENT)
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Verb {
    Ignore,
    IgnoreFile,
}

/// A comment that speaks to dockopt: `# dockopt: ignore[rule, rule] reason`.
struct Own<'a> {
    /// From the verb to the end of the line.
    span: Span,
    text: &'a str,
    /// What it says and the text between the brackets; `None` when it cannot be read.
    what: Option<(Verb, &'a str)>,
}

impl<'a> Own<'a> {
    fn find(source: &'a Source, comment: Span) -> Option<Self> {
        let line = source.slice(comment).trim();
        let content = line.strip_prefix('#')?.trim_start().strip_prefix("dockopt")?.trim_start();
        // A forgotten colon is a mistake worth telling; prose that begins with the tool's name is not.
        let text = match content.strip_prefix(':') {
            Some(text) => text.trim_start(),
            None if content.starts_with("ignore") => content,
            None => return None,
        };
        let has_colon = content.starts_with(':');
        let start = text.as_ptr() as usize - source.text.as_ptr() as usize;
        let read = || {
            let (verb, rest) = match text.strip_prefix("ignore-file") {
                Some(rest) => (Verb::IgnoreFile, rest),
                None => (Verb::Ignore, text.strip_prefix("ignore")?),
            };
            let (names, _reason) = rest.trim_start().strip_prefix('[')?.split_once(']')?;
            Some((verb, names))
        };
        Some(Self { span: Span::new(start, start + text.len()), text, what: if has_colon { read() } else { None } })
    }

    /// Where in the text a name from its brackets stands.
    fn offset_of(&self, name: &str) -> usize {
        name.as_ptr() as usize - self.text.as_ptr() as usize
    }
}

enum Reach {
    Next,
    Stage,
    File,
}

/// A comment that speaks to hadolint. As there, a wrong code or a word after the codes voids the whole comment.
struct Pragma {
    reach: Reach,
    codes: Vec<String>,
}

impl Pragma {
    fn find(comment: &str) -> Option<Self> {
        let content = comment.trim().strip_prefix('#')?.trim_start().strip_prefix("hadolint")?;
        let text = content.trim_start();
        if text.len() == content.len() {
            return None;
        }
        let (reach, text) = if let Some(text) = text.strip_prefix("global") {
            (Reach::File, text.trim_start())
        } else if let Some(text) = text.strip_prefix("stage") {
            (Reach::Stage, text.trim_start())
        } else {
            (Reach::Next, text)
        };
        let list = text.strip_prefix("ignore")?.trim_start().strip_prefix('=')?;
        let list = list.split_once('#').map_or(list, |(list, _)| list);
        let is_code = |it: &str| !it.is_empty() && it.bytes().all(|it| b"DLSC".contains(&it) || it.is_ascii_digit());
        let code = |it: &str| {
            let tool = if it.starts_with("SC") { "shellcheck" } else { "hadolint" };
            is_code(it).then(|| format!("{tool}/{it}"))
        };
        let codes = list.split(',').map(|it| code(it.trim())).collect::<Option<Vec<_>>>()?;
        Some(Self { reach, codes })
    }
}

/// The options of a comment `# check=…` that starts in column one.
fn check_options(comment: &str) -> Option<&str> {
    let (name, options) = comment.strip_prefix('#')?.split_once('=')?;
    name.trim().eq_ignore_ascii_case("check").then_some(options)
}

/// For each item the instruction that stands below it: across anything, and across comments alone.
fn instructions_below(items: &[Item]) -> Vec<Below<'_>> {
    let mut below = vec![Below::default(); items.len()];
    let mut next = Below::default();
    for (at, item) in items.iter().enumerate().rev() {
        below[at] = next;
        match &item.kind {
            ItemKind::Instruction(it) => next = Below { anywhere: Some(it), adjacent: Some(it) },
            ItemKind::Blank => next.adjacent = None,
            ItemKind::ByteOrderMark | ItemKind::Comment | ItemKind::Directive(_) => {}
        }
    }
    below
}

/// The instructions below an item.
#[derive(Clone, Copy, Default)]
struct Below<'a> {
    /// The next one.
    anywhere: Option<&'a Instruction>,
    /// The next one, if no blank line stands between.
    adjacent: Option<&'a Instruction>,
}

/// From a `FROM` to the byte before the next one.
fn stage_from(source: &Source, file: &Dockerfile, from: Span) -> Span {
    let next = file.instructions().find(|it| it.kind == Keyword::From && it.span.start >= from.end);
    let end = next.map_or(source.text.len(), |it| (it.span.start as usize).saturating_sub(1));
    Span::new(from.start as usize, end)
}

fn whole(source: &Source) -> Span {
    Span::new(0, source.text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax;

    /// What each comment of a text silences: the target, and the text of its scope.
    fn silenced(text: &str) -> Vec<(Target, String)> {
        let source = Source::new("Dockerfile", text);
        let found = Suppressions::of(&source, &syntax::parse(text));
        found.silenced.iter().map(|it| (it.target.clone(), source.slice(it.scope).to_owned())).collect()
    }

    fn unknown(text: &str) -> Vec<(String, String)> {
        let source = Source::new("Dockerfile", text);
        let found = Suppressions::of(&source, &syntax::parse(text));
        found.unknown.iter().map(|(at, name, _)| (source.slice(*at).to_owned(), name.clone())).collect()
    }

    fn code(code: &str) -> Target {
        Target::Code(code.to_owned())
    }

    #[test]
    fn own_comments_reach_the_instruction_below() {
        let text = "FROM a\n# dockopt: ignore[all] because\n\n# why\nRUN b\nRUN c\n";
        let all = Target::Name("all".to_owned());
        let scope = "# dockopt: ignore[all] because\n\n# why\nRUN b".to_owned();
        assert_eq!(silenced(text), [(all.clone(), scope)]);
        let text = "FROM a\nRUN b \\\n  # dockopt:ignore[all]\n  c\nRUN d\n";
        assert_eq!(silenced(text), [(all.clone(), "RUN b \\\n  # dockopt:ignore[all]\n  c".to_owned())]);
        let text = "FROM a\n# dockopt: ignore-file[all]\n";
        assert_eq!(silenced(text), [(all, text.to_owned())]);
    }

    #[test]
    fn own_comments_are_checked() {
        let text = "# dockopt: ignore[nonsense-here, DL9999, all] x\nFROM a\n";
        assert_eq!(unknown(text), [("nonsense-here".to_owned(), "nonsense-here".to_owned())]);
        for bad in ["ignore all", "ignore[]", "ignore[all", "ignored[all]", "skip"] {
            let text = format!("FROM a\n# dockopt: {bad}\nRUN b\n");
            assert_eq!(unknown(&text), [(bad.to_owned(), bad.to_owned())]);
        }
        assert_eq!(unknown("# dockopt ignore=all\nFROM a\n").len(), 1);
        assert_eq!(unknown("# dockopt says hello\nFROM a\n"), []);
    }

    #[test]
    fn hadolint_comments() {
        let text = "FROM a\n# hadolint ignore=DL3008, SC2086 # why\n# more\nRUN b\nRUN c\n";
        let scope = "# hadolint ignore=DL3008, SC2086 # why\n# more\nRUN b".to_owned();
        let both = [(code("hadolint/DL3008"), scope.clone()), (code("shellcheck/SC2086"), scope)];
        assert_eq!(silenced(text), both);
        let text = "FROM a\nRUN b\n# hadolint global ignore=DL3006\n";
        assert_eq!(silenced(text), [(code("hadolint/DL3006"), text.to_owned())]);
        let text = "# hadolint stage ignore=DL3002\nFROM a\nRUN b\nFROM c\n";
        let scope = "# hadolint stage ignore=DL3002\nFROM a\nRUN b".to_owned();
        assert_eq!(silenced(text), [(code("hadolint/DL3002"), scope)]);
        for void in [
            "# hadolint ignore=DL3008 and more",
            "# hadolint ignore=dl3008",
            "# hadolint ignore=",
            "# hadolintignore=DL3008",
            "# hadolint ignore=DL3008\n",
        ] {
            assert_eq!(silenced(&format!("FROM a\n{void}\nRUN b\n")), [], "{void}");
        }
    }

    #[test]
    fn buildkit_comments() {
        let text = "# check=skip=StageNameCasing,JSONArgsRecommended;error=true\nFROM a\nRUN b\n";
        let names = ["buildkit/StageNameCasing", "buildkit/JSONArgsRecommended"];
        assert_eq!(silenced(text), names.map(|it| (code(it), text.to_owned())));
        let text = "FROM a\n# why\n# check=skip=all\n\n# more\nRUN b\nRUN c\n";
        let scope = "# check=skip=all\n\n# more\nRUN b".to_owned();
        assert_eq!(silenced(text), [(Target::AllOfBuildkit, scope)]);
        for void in ["# check=skip=all\n#\n", " # check=skip=all\n", "# check=skip\n", "# check=skpi=all\n"] {
            assert_eq!(silenced(&format!("FROM a\n{void}RUN b\n")), [], "{void}");
        }
    }
}
