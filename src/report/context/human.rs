//! For people: what is sent, the biggest entries as a tree, what kinds of files they are, and what changes often.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    fmt::Write as _,
};

use super::{bytes, instruction, many, place, title};
use crate::{
    build::Target,
    context::{Size, Status},
    measure::Measured,
    project::{EntryKind, History, Project},
    report::Options,
};

/// Rows of the tree.
const MOST_ROWS: usize = 24;
/// An entry below this part of the whole is not worth a row.
const LEAST_PART: u64 = 200;
const BAR: usize = 14;

/// All builds, one after the other.
pub fn report(project: &Project, builds: &[Measured], history: &History, options: Options) -> String {
    let mut out = String::new();
    for (at, build) in builds.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let view = View { project, build, paint: Paint(options.color), width: options.width };
        view.head(&mut out);
        if let Some(same) = builds[..at].iter().find(|it| is_same(project, it, build)) {
            let _ = writeln!(out, "  the same files as for {}", title(project, same));
            continue;
        }
        view.tree(&mut out);
        view.types(&mut out);
        view.changes(history, &mut out);
    }
    out
}

/// The files that are not ignored, a line each.
pub fn files(measured: &Measured) -> String {
    let tree = &measured.tree;
    let mut out = String::new();
    let mut open: Vec<(u32, String)> = vec![(0, String::new())];
    while let Some((at, path)) = open.pop() {
        let node = &tree.nodes[at as usize];
        if node.kind != EntryKind::Folder && !node.excluded {
            let _ = writeln!(out, "{:>8}  {}", bytes(node.bytes), visible(&path));
        }
        let below = |name: &str| if at == 0 { name.to_owned() } else { format!("{path}/{name}") };
        open.extend(tree.children(at).rev().map(|(at, node)| (at, below(&node.name))));
    }
    let Size { bytes: sum, files } = measured.sent.not_ignored;
    let _ = writeln!(out, "{:>8}  in {}", bytes(sum), many(files, "file"));
    out
}

/// Whether two builds send the same files for the same reasons.
fn is_same(project: &Project, a: &Measured, b: &Measured) -> bool {
    let texts = |it: &Measured| {
        let all = 0..it.needs.all.len() as u32;
        let text = |need| it.dockerfile.map(|file| instruction(project, file, it, need).1);
        all.map(text).collect::<Vec<_>>()
    };
    std::ptr::eq(&raw const *a.tree, &raw const *b.tree)
        && a.sent.status == b.sent.status
        && a.sent.set == b.sent.set
        && texts(a) == texts(b)
}

/// A name with what would break the line replaced.
fn visible(name: &str) -> String {
    if name.contains(char::is_control) {
        name.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
    } else {
        name.to_owned()
    }
}

struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

struct View<'a> {
    project: &'a Project,
    build: &'a Measured,
    paint: Paint,
    width: usize,
}

impl View<'_> {
    fn head(&self, out: &mut String) {
        let build = self.build;
        let _ = writeln!(out, "{}", self.paint.with("1", &title(self.project, build)));
        let from = match (build.found_in, build.dockerfile) {
            (Some(location), _) => format!(", as {} says", place(self.project, location)),
            (None, None) => String::new(),
            (None, Some(_)) if build.candidates > 1 => {
                format!(", the likeliest of {}", many(build.candidates, "folder"))
            }
            (None, Some(_)) => ", inferred from what is copied".to_owned(),
        };
        let name = build.named.as_ref().map_or(String::new(), |it| format!(" (named `{it}`)"));
        let ignore = build.ignore_path.as_ref().map_or("no ignore file".to_owned(), |it| format!("ignore file {it}"));
        let _ = writeln!(out, "  context {}{name}{from}; {ignore}", build.folder);
        let size = |it: Size| format!("{} in {}", bytes(it.bytes), many(it.files, "file"));
        let (sent, rest) = (build.sent.sent, build.sent.not_ignored);
        if build.dockerfile.is_some() {
            if build.needs.is_nothing() {
                let _ = writeln!(out, "  sends nothing: no instruction that is reached names a file of the context");
            } else {
                let _ = writeln!(out, "  sends {}", self.paint.with("1", &size(sent)));
            }
            if let Some(reason) = &build.needs.unknown {
                let _ = writeln!(out, "  counted as if everything were sent: {reason}");
            }
            if let Target::Unknown = build.target {
                let _ = writeln!(out, "  the stage depends on a variable");
            }
            if rest != sent {
                let _ = writeln!(out, "  builders other than BuildKit send {}", size(rest));
            }
        } else {
            let _ = writeln!(out, "  not ignored: {}", self.paint.with("1", &size(rest)));
        }
        let total = build.sent.total;
        let back = Size { bytes: total.bytes - rest.bytes.min(total.bytes), files: total.files - rest.files };
        let unwalked: Vec<String> = self.unwalked();
        if back.files > 0 {
            let _ = writeln!(out, "  the ignore file keeps back {}", size(back));
        }
        if !unwalked.is_empty() {
            const MOST: usize = 3;
            let more = unwalked.len().saturating_sub(MOST);
            let names = unwalked[..unwalked.len().min(MOST)].join(", ");
            let more = if more > 0 { format!(" and {}", many(more, "more folder")) } else { String::new() };
            let _ =
                writeln!(out, "  the ignore file keeps back {names}{more}, not looked into (`--ignored` counts them)");
        }
        if let Some(span) = build.needs.tmpfs
            && let Some(file) = build.dockerfile
            && !build.needs.all.is_empty()
        {
            let line = self.project.line_at(file, span);
            let _ = writeln!(out, "  everything is sent because of the `tmpfs` mount in line {line}");
        }
    }

    /// The folders that the walk did not enter, by path.
    fn unwalked(&self) -> Vec<String> {
        let tree = &self.build.tree;
        let all = tree.nodes.iter().enumerate().filter(|(_, it)| it.unwalked);
        let mut all: Vec<String> = all.map(|(at, _)| visible(&tree.path(at as u32))).collect();
        all.sort();
        all
    }

    fn tree(&self, out: &mut String) {
        let tree = &self.build.tree;
        let sums = tree.sums(|_, _| true);
        if sums[0].bytes == 0 {
            return;
        }
        let mut heap = BinaryHeap::from([(sums[0].bytes, Reverse(0))]);
        let mut shown = BTreeSet::new();
        while let Some((weight, Reverse(at))) = heap.pop() {
            if shown.len() == MOST_ROWS || weight * LEAST_PART < sums[0].bytes {
                break;
            }
            shown.insert(at);
            heap.extend(tree.children(at).map(|(it, _)| (sums[it as usize].bytes, Reverse(it))));
        }
        out.push('\n');
        let rows = Rows { view: self, sums: &sums, shown: &shown };
        rows.row(0, ("", ""), "", out);
    }

    /// The kinds of files that weigh most.
    fn types(&self, out: &mut String) {
        const MOST: usize = 6;
        let mut types: BTreeMap<String, Size> = BTreeMap::new();
        for node in self.build.tree.nodes.iter().filter(|it| it.kind == EntryKind::File && !it.excluded) {
            let ending = node.name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, it)| it);
            let name = match ending.filter(|it| it.len() <= 12 && !it.contains(char::is_control)) {
                Some(ending) => format!("*.{}", ending.to_lowercase()),
                None => "without ending".to_owned(),
            };
            let size = types.entry(name).or_default();
            size.bytes += node.bytes;
            size.files += 1;
        }
        let mut types: Vec<_> = types.into_iter().collect();
        types.sort_by_key(|(name, it)| (Reverse(it.bytes), name.clone()));
        types.truncate(MOST);
        if !types.is_empty() {
            let all: Vec<String> =
                types.iter().map(|(name, it)| format!("{name} {} ({})", bytes(it.bytes), it.files)).collect();
            let _ = writeln!(out, "\n  by type: {}", all.join(", "));
        }
    }

    /// How often what an instruction copies has changed.
    fn changes(&self, history: &History, out: &mut String) {
        const MOST: usize = 4;
        let Some(file) = self.build.dockerfile.filter(|_| !history.commits.is_empty()) else { return };
        let needs = &self.build.needs.all;
        let mut woken = vec![0_usize; needs.len()];
        let mut files: BTreeMap<&str, usize> = BTreeMap::new();
        let prefix = if self.build.folder == "." { String::new() } else { format!("{}/", self.build.folder) };
        let mut known: BTreeMap<&str, Option<u32>> = BTreeMap::new();
        for commit in &history.commits {
            let mut now: BTreeSet<u32> = BTreeSet::new();
            for path in commit.iter().filter_map(|it| it.strip_prefix(prefix.as_str())) {
                let node = *known.entry(path).or_insert_with(|| self.build.tree.find(path));
                let Some(node) = node.filter(|it| self.build.sent.status[*it as usize] == Status::Sent) else {
                    continue;
                };
                let needed = self.build.sent.needed_by(node);
                if !needed.is_empty() {
                    now.extend(needed);
                    *files.entry(path).or_default() += 1;
                }
            }
            for need in now {
                woken[need as usize] += 1;
            }
        }
        let commits = history.commits.len();
        for (need, count) in woken.iter().enumerate().filter(|(_, it)| **it > 0) {
            let (line, text) = instruction(self.project, file, self.build, need as u32);
            let _ = writeln!(
                out,
                "  {count} of the last {} change what line {line} copies: {text}",
                many(commits, "commit")
            );
        }
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_by_key(|(path, count)| (Reverse(*count), *path));
        files.truncate(MOST);
        if !files.is_empty() {
            let all: Vec<String> = files.iter().map(|(path, count)| format!("{} ({count})", visible(path))).collect();
            let _ = writeln!(out, "  changed most often: {}", all.join(", "));
        }
    }
}

struct Rows<'a> {
    view: &'a View<'a>,
    sums: &'a [Size],
    shown: &'a BTreeSet<u32>,
}

impl Rows<'_> {
    /// A row and those below it. What decides over an entry is told once, and not again for all that is in it.
    fn row(&self, at: u32, (lead, below): (&str, &str), told: &str, out: &mut String) {
        let tree = &self.view.build.tree;
        let node = &tree.nodes[at as usize];
        let weight = self.sums[at as usize].bytes;
        let slash = if node.kind == EntryKind::Folder && at > 0 { "/" } else { "" };
        let (code, why) = self.why(at);
        let bar = bar(weight, self.sums[0].bytes);
        let name = format!("{lead}{}{slash}", visible(&node.name));
        let column = self.view.width.saturating_sub(60).clamp(24, 48);
        let size = bytes(weight);
        let name = format!("{:<column$}", shortened(&name, column));
        let row = format!("  {size:>8} {} {name}", self.view.paint.with(code, &bar));
        let _ = if why == told {
            writeln!(out, "{}", row.trim_end())
        } else {
            writeln!(out, "{row} {}", self.view.paint.with(code, &why))
        };
        let mut children: Vec<u32> = tree.children(at).map(|(it, _)| it).filter(|it| self.shown.contains(it)).collect();
        children.sort_by_key(|it| (Reverse(self.sums[*it as usize].bytes), *it));
        let rest: Vec<u32> = tree.children(at).map(|(it, _)| it).filter(|it| !self.shown.contains(it)).collect();
        let has_rest = !children.is_empty() && !rest.is_empty();
        for (number, child) in children.iter().enumerate() {
            let is_last = number + 1 == children.len() && !has_rest;
            let (lead, inner) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.row(*child, (&format!("{below}{lead}"), &format!("{below}{inner}")), &why, out);
        }
        if has_rest {
            let weight: u64 = rest.iter().map(|it| self.sums[*it as usize].bytes).sum();
            let more = if rest.len() == 1 { "1 more".to_owned() } else { format!("{} more", rest.len()) };
            let _ = writeln!(out, "  {:>8} {} {below}└─ {more}", bytes(weight), self::bar(weight, self.sums[0].bytes));
        }
    }

    /// The colour of an entry, and what decides over it.
    fn why(&self, at: u32) -> (&'static str, String) {
        let build = self.view.build;
        let node = &build.tree.nodes[at as usize];
        let line = |number: u32| {
            let pattern = &build.ignore.patterns()[number as usize];
            let sign = if pattern.negated { "!" } else { "" };
            format!("line {}: {sign}{}", pattern.line, pattern.text)
        };
        let kept = match node.decided_by {
            Some(number) if !node.excluded => format!(", kept by {}", line(number)),
            Some(_) | None => String::new(),
        };
        match (build.sent.status[at as usize], build.dockerfile) {
            (Status::Ignored, _) => {
                ("2", node.decided_by.map_or_else(String::new, |it| format!("ignored, {}", line(it))))
            }
            (Status::Sent | Status::Unused, None) => ("32", kept.trim_start_matches(", ").to_owned()),
            (status, Some(file)) => {
                let needed = build.sent.needed_by(at);
                let Some(first) = needed.first() else {
                    let sent = if status == Status::Sent { "nothing needs it" } else { "not sent, nothing needs it" };
                    return ("33", format!("{sent}{kept}"));
                };
                let (number, text) = instruction(self.view.project, file, build, *first);
                let more = match needed.len() {
                    1 => String::new(),
                    count => format!(" and {} more", count - 1),
                };
                ("32", format!("{number}: {text}{more}{kept}"))
            }
        }
    }
}

/// A name that fits into a column: its middle goes, as its ending tells what it is.
fn shortened(name: &str, column: usize) -> String {
    const END: usize = 8;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= column {
        return name.to_owned();
    }
    let start = letters[..column - END - 1].iter().collect::<String>();
    let end = letters[letters.len() - END..].iter().collect::<String>();
    format!("{start}…{end}")
}

/// A bar for a part of a whole, in eighths of a column.
fn bar(part: u64, whole: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let parts = (u128::from(part) * (BAR as u128) * 8).div_ceil(u128::from(whole.max(1))) as usize;
    let text = format!("{}{}", "█".repeat(parts / 8), EIGHTHS[parts % 8]);
    format!("{text:<BAR$}")
}
