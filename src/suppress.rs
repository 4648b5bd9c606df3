//! Comments that silence findings: dockopt's own, hadolint's, and BuildKit's `# check=skip=…`.

mod hadolint;
mod own;
mod position;
mod problem;

use crate::{
    finding::Finding,
    knowledge::HADOLINT,
    names::{self, Name},
    rule::Rule,
    rules,
    source::{Source, Span},
    syntax::{Dockerfile, Instruction, Item, ItemKind, Keyword},
};
use hadolint::{Pragma, Reach};
use own::{Own, Verb};
pub use position::Position;
use problem::Comment;
pub use problem::{Kind, Problem, speaks_to_linter};

/// What is silenced in one Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppressions {
    /// Comments that cannot be read or stand where nobody reads them, and names that nothing answers to.
    pub problems: Vec<Problem>,
    silenced: Vec<Silenced>,
    /// Those for the whole file, and the others in the order in which they begin, each with the farthest end up to
    /// there: so a file with many comments takes no time that grows with their square.
    wide: Vec<usize>,
    narrow: Vec<(Span, usize)>,
    own: Vec<Listed>,
}

/// A comment of dockopt's own: its place, the text between its brackets, and its names with their index in `silenced`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    comment: Span,
    brackets: Span,
    names: Vec<(String, Option<usize>)>,
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

impl Silenced {
    fn silences(&self, rule: &Rule, finding: &Finding) -> bool {
        let start = finding.location.span.start;
        let covers = self.scope.start <= start && start <= self.scope.end;
        let is_in_vain = || self.of_instruction && rule.codes_of(finding).iter().any(|it| CHECKS_OF_FILES.contains(it));
        covers && self.target.is(rule, finding) && !is_in_vain()
    }
}

/// Codes that hadolint once had.
const RETIRED: &[&str] = &["DL3005", "DL3017", "DL3031", "DL3039"];

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

impl Suppressions {
    /// Reads the comments and directives of a Dockerfile.
    pub fn of(source: &Source, file: &Dockerfile) -> Self {
        let mut out = Self::default();
        let below = instructions_below(&file.items);
        for (item, below) in file.items.iter().zip(below) {
            match &item.kind {
                ItemKind::Comment => out.comment(source, file, item, below),
                ItemKind::Directive(it) if it.name.text == "check" => {
                    if !out.skip(&it.value.text, whole(source)) {
                        let message = "these options cannot be read, and BuildKit does not build the file";
                        out.problems.push(Problem::malformed(it.value.span, message).note(problem::CHECK_FORM));
                    }
                    out.names_of_checks(source, it.value.span);
                }
                ItemKind::Instruction(it) => {
                    for comment in &it.comments {
                        out.inside(source, item, it, *comment);
                    }
                }
                ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Directive(_) => {}
            }
        }
        out.checks_above_instructions(source, file);
        out.sort(whole(source));
        out
    }

    /// Reads the comments of a build definition. A comment of its own reaches what begins in the next line, with all that
    /// is indented below it; one behind something reaches its line.
    pub fn of_definition(source: &Source) -> Self {
        let mut out = Self::default();
        if !source.text.contains("dockopt") {
            return out;
        }
        let mut start = 0;
        let lines = source.text.split_inclusive('\n').map(|line| {
            start += line.len();
            (start - line.len(), line)
        });
        let lines: Vec<(usize, &str)> = lines.collect();
        for (at, (start, line)) in lines.iter().enumerate() {
            let hashes = line.match_indices('#').map(|it| start + it.0);
            let mut comments = hashes.map(|it| Span::new(it, start + line.trim_end().len()));
            let Some((comment, own)) = comments.find_map(|it| Some((it, Own::find(source, it)?))) else {
                continue;
            };
            let is_alone = source.text[*start..comment.start as usize].trim().is_empty();
            let scope = if is_alone {
                Span::new(*start, block_end(&lines[at + 1..]).unwrap_or(start + line.len()))
            } else {
                Span::new(*start, start + line.trim_end().len())
            };
            out.own(source, &own, &Comment::of(source, comment), scope);
        }
        out.sort(whole(source));
        out
    }

    /// Whether a finding of `rule` is silenced.
    pub fn silences(&self, rule: &Rule, finding: &Finding) -> bool {
        self.silencing(rule, finding).next().is_some()
    }

    fn sort(&mut self, file: Span) {
        let all = 0..self.silenced.len();
        let (wide, narrow): (Vec<_>, Vec<_>) = all.partition(|at| self.silenced[*at].scope == file);
        self.wide = wide;
        self.narrow = narrow.into_iter().map(|at| (self.silenced[at].scope, at)).collect();
        self.narrow.sort_unstable();
        let mut end = 0;
        for (scope, _) in &mut self.narrow {
            end = end.max(scope.end);
            scope.end = end;
        }
    }

    /// What silences a finding of `rule`, as numbers below [`Self::len`].
    pub fn silencing<'a>(&'a self, rule: &'a Rule, finding: &'a Finding) -> impl Iterator<Item = usize> + 'a {
        let start = finding.location.span.start;
        let begun = self.narrow.partition_point(|(scope, _)| scope.start <= start);
        let near = self.narrow[..begun].iter().rev().take_while(move |(scope, _)| scope.end >= start);
        let all = self.wide.iter().chain(near.map(|(_, at)| at)).copied();
        all.filter(move |at| self.silenced[*at].silences(rule, finding))
    }

    /// How many names are silenced, each comment's own counted.
    pub fn len(&self) -> usize {
        self.silenced.len()
    }

    /// Whether nothing is silenced.
    pub fn is_empty(&self) -> bool {
        self.silenced.is_empty()
    }

    /// The names in dockopt's own comments, each with its number of [`Self::silencing`].
    pub fn own_names(&self) -> impl Iterator<Item = (&str, usize)> {
        self.own.iter().flat_map(|it| &it.names).filter_map(|(name, at)| Some((name.as_str(), (*at)?)))
    }

    /// dockopt's own comments with names that silence nothing. `is_used` tells of a number of [`Self::silencing`];
    /// `can_tell` whether all that a name means has been looked for.
    pub fn unused(
        &self,
        source: &Source,
        is_used: impl Fn(usize) -> bool,
        can_tell: impl Fn(&str) -> bool,
    ) -> Vec<Problem> {
        let is_idle = |(name, at): &&(String, Option<usize>)| at.is_some_and(|at| !is_used(at) && can_tell(name));
        let problem = |it: &Listed| {
            let idle: Vec<_> = it.names.iter().filter(is_idle).map(|(name, _)| name.as_str()).collect();
            let rest = it.names.iter().filter(|it| !is_idle(it)).map(|(name, _)| name.as_str());
            (!idle.is_empty())
                .then(|| Problem::unused(source, it.comment, it.brackets, &idle, &rest.collect::<Vec<_>>()))
        };
        self.own.iter().filter_map(problem).collect()
    }

    /// A comment between instructions.
    fn comment(&mut self, source: &Source, file: &Dockerfile, item: &Item, below: Below<'_>) {
        if !speaks_to_linter(source.slice(item.span)) {
            return;
        }
        let comment = Comment::of(source, item.span);
        if let Some(own) = Own::find(source, item.span) {
            let instruction = below.anywhere.map_or(item.span, |it| item.span.cover(it.span));
            self.own(source, &own, &comment, instruction);
            return;
        }
        let pragma = match Pragma::find(comment.text) {
            Some(Ok(pragma)) => pragma,
            Some(Err(meant)) => {
                self.problems.push(Problem::unread(&comment, meant));
                return;
            }
            None => {
                self.problems.extend(Problem::indented_check(&comment, check_options(comment.text).is_some()));
                return;
            }
        };
        let scope = match pragma.reach {
            Reach::File => Some(whole(source)),
            Reach::Next => below.adjacent.map(|it| item.span.cover(it.span)),
            Reach::Stage => below
                .adjacent
                .filter(|it| it.kind == Keyword::From)
                .map(|it| item.span.cover(stage_from(source, file, it.span))),
        };
        self.unknown_codes(source, &comment, &pragma);
        match (scope, pragma.reach) {
            (Some(scope), _) => {
                for code in pragma.codes {
                    self.silenced.push(Silenced { scope, target: Target::Code(code), of_instruction: false });
                }
            }
            (None, Reach::Stage) => {
                let message = "hadolint reads `stage ignore` only directly above a `FROM`";
                self.problems.push(Problem::malformed(comment.span, message));
            }
            (None, _) => {
                let message = "hadolint reads this comment only directly above an instruction";
                let to = below.anywhere.map(|it| it.span.start as usize);
                self.problems.push(Problem::malformed(comment.span, message).moved(source, &comment, to));
            }
        }
    }

    /// A comment inside an instruction.
    fn inside(&mut self, source: &Source, item: &Item, instruction: &Instruction, span: Span) {
        if !speaks_to_linter(source.slice(span)) {
            return;
        }
        let comment = Comment::of(source, span);
        if let Some(own) = Own::find(source, span) {
            self.own(source, &own, &comment, instruction.span);
        } else if let Some(Ok(_)) = Pragma::find(comment.text) {
            let message = "hadolint reads no comment inside an instruction";
            let to = Some(item.span.start as usize);
            self.problems.push(Problem::malformed(comment.span, message).moved(source, &comment, to));
        }
    }

    /// Codes that hadolint does not have. Those of `ShellCheck` are too many to know.
    fn unknown_codes(&mut self, source: &Source, comment: &Comment<'_>, pragma: &Pragma) {
        let codes = pragma.codes.iter().filter_map(|it| it.strip_prefix("hadolint/"));
        for code in codes.filter(|it| !HADOLINT.contains_key(*it) && !RETIRED.contains(it)) {
            let message = format!("there is no rule `{code}` of hadolint");
            self.problems.push(Problem::unknown(source, comment, comment.place_of(code), message, None));
        }
    }

    /// A comment of dockopt's own, with what `ignore` and `ignore-file` reach from there.
    fn own(&mut self, source: &Source, own: &Own<'_>, comment: &Comment<'_>, instruction: Span) {
        let (scope, names) = match own.what {
            Some((Verb::Ignore, names)) if !names.trim().is_empty() => (instruction, names),
            Some((Verb::IgnoreFile, names)) if !names.trim().is_empty() => (whole(source), names),
            _ => {
                let problem = Problem::malformed(own.span, "this comment silences nothing").note(own::FORM);
                self.problems.push(problem.rewritten(comment, own.repaired()));
                return;
            }
        };
        let mut listed = Listed { comment: comment.span, brackets: own.place_of(names), names: Vec::new() };
        for name in names.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let mut at = None;
            match names::look_up(name) {
                Name::Known => {
                    at = Some(self.silenced.len());
                    let target = Target::Name(name.to_owned());
                    self.silenced.push(Silenced { scope, target, of_instruction: false });
                }
                Name::Foreign => {}
                Name::Unknown(near) => {
                    let message = format!("there is no rule `{name}`");
                    self.problems.push(Problem::unknown(source, comment, own.place_of(name), message, near));
                }
            }
            listed.names.push((name.to_owned(), at));
        }
        self.own.push(listed);
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
                        if !self.skip(options, comment.cover(it.span)) {
                            let message = "these options cannot be read, and BuildKit passes over the comment";
                            let place = Comment::of(source, comment).span;
                            self.problems.push(Problem::malformed(place, message).note(problem::CHECK_FORM));
                        }
                        self.names_of_checks(source, comment);
                        for it in &mut self.silenced[before..] {
                            it.of_instruction = true;
                        }
                    }
                }
                ItemKind::ByteOrderMark | ItemKind::Blank | ItemKind::Directive(_) => {}
            }
        }
    }

    /// Names of checks in options that BuildKit does not have. A newer one may have more, so that only slips are told.
    fn names_of_checks(&mut self, source: &Source, options: Span) {
        let known = || rules::all().flat_map(Rule::same_as).filter_map(|it| it.strip_prefix("buildkit/"));
        let text = source.slice(options);
        let lists = text.split(';').filter_map(|it| it.split_once("skip=")).map(|(_, it)| it);
        for name in lists.flat_map(|it| it.split(',')).map(str::trim).filter(|it| !it.is_empty() && *it != "all") {
            let near = if known().any(|it| it == name) { None } else { names::closest(name, known()) };
            if let Some(near) = near {
                let start = name.as_ptr() as usize - source.text.as_ptr() as usize;
                let message = format!("there is no check `{name}` of BuildKit");
                let comment = Comment::of(source, options);
                let span = Span::new(start, start + name.len());
                self.problems.push(Problem::unknown(source, &comment, span, message, Some(near)));
            }
        }
    }

    /// The options of a `check` directive or comment; false for malformed ones, which silence nothing in BuildKit.
    fn skip(&mut self, options: &str, scope: Span) -> bool {
        let options = options.trim().split([' ', '\t']).next().unwrap_or_default();
        let parts: Option<Vec<_>> = options.split(';').map(|it| it.split_once('=')).collect();
        let known = |key: &str| ["skip", "error", "experimental"].contains(&key.trim());
        let Some(parts) = parts.filter(|it| it.iter().all(|(key, _)| known(key))) else { return false };
        let skipped = parts.iter().filter(|(key, _)| key.trim() == "skip").flat_map(|(_, it)| it.split(','));
        for name in skipped.map(str::trim).filter(|it| !it.is_empty()) {
            let target = match name {
                "all" => Target::AllOfBuildkit,
                name => Target::Code(format!("buildkit/{name}")),
            };
            self.silenced.push(Silenced { scope, target, of_instruction: false });
        }
        true
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

/// The end of the block that begins in the first of these lines which says something.
fn block_end(lines: &[(usize, &str)]) -> Option<usize> {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let first = lines.iter().position(|it| says(it.1))?;
    let depth = indent(lines[first].1);
    let mut end = lines[first];
    for line in lines[first + 1..].iter().filter(|it| says(it.1)) {
        if indent(line.1) <= depth {
            break;
        }
        end = *line;
    }
    Some(end.0 + end.1.trim_end().len())
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
        found.problems.iter().map(|it| (source.slice(it.span).to_owned(), it.message.clone())).collect()
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
        assert_eq!(unknown(text), [("nonsense-here".to_owned(), "there is no rule `nonsense-here`".to_owned())]);
        for bad in ["ignore all", "ignore[]", "ignore[all", "ignored[all]", "skip"] {
            let text = format!("FROM a\n# dockopt: {bad}\nRUN b\n");
            assert_eq!(unknown(&text), [(bad.to_owned(), "this comment silences nothing".to_owned())], "{bad}");
        }
        assert_eq!(unknown("# dockopt ignore=all\nFROM a\n").len(), 1);
        assert_eq!(unknown("# dockopt says hello\nFROM a\n"), []);
    }

    #[test]
    fn comments_of_definitions_reach_blocks() {
        let text = "steps:\n  # dockopt: ignore[all] because\n  - uses: a\n    with:\n      x: y\n  - uses: b # dockopt: \
                    ignore[all]\n  - c: 'x # y'\n";
        let source = Source::new("ci.yml", text);
        let found = Suppressions::of_definition(&source);
        let scopes: Vec<_> = found.silenced.iter().map(|it| source.slice(it.scope)).collect();
        let block = "  # dockopt: ignore[all] because\n  - uses: a\n    with:\n      x: y";
        assert_eq!(scopes, [block, "  - uses: b # dockopt: ignore[all]"]);
        let text = "a: b\n# dockopt: ignore-file[all]\n";
        let source = Source::new("ci.yml", text);
        assert_eq!(source.slice(Suppressions::of_definition(&source).silenced[0].scope), text);
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
