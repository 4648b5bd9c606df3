//! A page as its examples. What the fences mean stands in `docs/` and, in short, at [`Role`].

use std::{collections::BTreeMap, ops::Range};

/// What a page shows.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The examples in order.
    pub(crate) examples: Vec<Example>,
    /// The text of the first heading.
    pub(crate) heading: Option<String>,
    /// Where dockopt deliberately differs from hadolint.
    pub(crate) unlike: Vec<Unlike>,
}

/// A Dockerfile about which dockopt and hadolint say different things.
#[derive(Clone, Debug)]
pub(crate) struct Unlike {
    /// The line of its fence.
    pub(crate) line: usize,
    /// The code of hadolint.
    pub(crate) code: String,
    /// Which of the two reports it: `dockopt` or `hadolint`.
    pub(crate) side: String,
    /// The Dockerfile.
    pub(crate) text: String,
}

/// Who has nothing to say of a good example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Good {
    /// The rule of the page, and all default rules.
    Always,
    /// The default rules; the rule of the page has, when it is asked for.
    Unasked,
}

/// One example: one or several files, and what is to come of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Example {
    /// The line of its first fence.
    pub(crate) line: usize,
    /// Path and text of its files.
    pub(crate) files: BTreeMap<String, String>,
    /// How many findings each bad file has; empty for a good example.
    pub(crate) bad: BTreeMap<String, usize>,
    /// Who has nothing to say of it, if a file of it is marked as good.
    pub(crate) good: Option<Good>,
    /// Whether unsafe fixes are allowed.
    pub(crate) unsafe_fixes: bool,
    /// Path and text of the files that `fix` changes or makes; empty when it changes nothing.
    pub(crate) fixed: BTreeMap<String, String>,
    /// The report it shows.
    pub(crate) report: Option<Report>,
    /// The settings of its section.
    pub(crate) settings: String,
    /// Whether it is made of fences with `file=`.
    is_group: bool,
    section: usize,
}

/// A report on a page.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// What the page shows.
    pub(crate) text: String,
    /// Where in the page that stands.
    pub(crate) place: Range<usize>,
}

/// What a fence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A file of an example, or nothing to be tested.
    Plain,
    /// `bad`, `bad=2`: that many findings of the page's rule.
    Bad(usize),
    /// No finding of the page's rule, nor of any default rule.
    Good,
    /// The preceding bad example after `fix`.
    Fixed,
    /// What `check` prints for the preceding example.
    Report,
    /// Settings for the examples of this section.
    Settings,
    /// `unlike=CODE:SIDE`: with `profile = "hadolint"`, only that side reports the code.
    Unlike,
}

#[derive(Debug)]
struct Fence {
    line: usize,
    role: Role,
    unsafe_fixes: bool,
    unasked: bool,
    file: Option<String>,
    unlike: Option<(String, String)>,
    text: String,
    place: Range<usize>,
    /// Whether prose stands between the fence before and this one.
    after_prose: bool,
    section: usize,
}

impl Page {
    /// Reads a page.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (fences, heading) = fences(text)?;
        let mut page = Self { examples: Vec::new(), heading, unlike: Vec::new() };
        let mut settings: BTreeMap<usize, String> = BTreeMap::new();
        for fence in fences {
            let line = fence.line;
            page.add(fence, &mut settings).map_err(|problem| format!("line {line}: {problem}"))?;
        }
        for example in &mut page.examples {
            example.settings = settings.get(&example.section).cloned().unwrap_or_default();
            if example.bad.is_empty() && example.good.is_none() {
                return Err(format!("line {}: files without a `bad` or `good` among them", example.line));
            }
        }
        Ok(page)
    }

    fn add(&mut self, fence: Fence, settings: &mut BTreeMap<usize, String>) -> Result<(), &'static str> {
        match fence.role {
            Role::Plain if fence.file.is_none() => {}
            Role::Unlike => {
                let (code, side) = fence.unlike.ok_or("`unlike` needs a code and a side")?;
                self.unlike.push(Unlike { line: fence.line, code, side, text: fence.text });
            }
            Role::Settings => *settings.entry(fence.section).or_default() += &fence.text,
            Role::Report => {
                let example = self.examples.last_mut().ok_or("a report of nothing")?;
                example.report = Some(Report { text: fence.text, place: fence.place });
            }
            Role::Fixed => {
                let path = fence.path();
                let example = self.examples.last_mut().filter(|it| !it.bad.is_empty());
                let example = example.ok_or("`fixed` without a `bad` before it")?;
                if example.fixed.insert(path, fence.text).is_some() {
                    return Err("fixed twice");
                }
            }
            Role::Plain | Role::Bad(_) | Role::Good => {
                let goes_on = self.examples.last().is_some_and(|it| it.takes(&fence));
                if !goes_on {
                    self.examples.push(Example {
                        line: fence.line,
                        is_group: fence.file.is_some(),
                        section: fence.section,
                        ..Example::default()
                    });
                }
                if let Some(example) = self.examples.last_mut() {
                    example.join(fence);
                }
            }
        }
        Ok(())
    }
}

impl Example {
    /// Whether a file belongs to this example: consecutive ones do, and so does one after some words
    /// as long as nothing says what the example is for.
    fn takes(&self, fence: &Fence) -> bool {
        let is_open = self.is_group && self.fixed.is_empty() && self.report.is_none();
        let has_role = self.good.is_some() || !self.bad.is_empty();
        is_open && fence.file.is_some() && !(fence.after_prose && has_role)
    }

    fn join(&mut self, fence: Fence) {
        let path = fence.path();
        if let Role::Bad(number) = fence.role {
            self.bad.insert(path.clone(), number);
        }
        if fence.role == Role::Good {
            self.good = Some(if fence.unasked { Good::Unasked } else { Good::Always });
        }
        self.unsafe_fixes |= fence.unsafe_fixes;
        self.files.insert(path, fence.text);
    }
}

impl Fence {
    fn path(&self) -> String {
        self.file.clone().unwrap_or_else(|| "Dockerfile".to_owned())
    }
}

/// The fences of a page, and its first heading.
fn fences(text: &str) -> Result<(Vec<Fence>, Option<String>), String> {
    let mut fences: Vec<Fence> = Vec::new();
    let mut heading = None;
    let (mut section, mut after_prose, mut offset) = (0, true, 0);
    // The marks of the fence that is open.
    let mut open: Option<String> = None;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let content = line.trim_end();
        if let Some(marks) = &open {
            let Some(fence) = fences.last_mut() else { continue };
            if content == marks {
                fence.place.end = offset;
                open = None;
            } else {
                fence.text.push_str(line);
            }
        } else if content.starts_with("```") {
            let marks: String = content.chars().take_while(|it| *it == '`').collect();
            let mut fence = fence(content[marks.len()..].trim()).map_err(|it| format!("line {}: {it}", at + 1))?;
            fence.line = at + 1;
            fence.place = offset + line.len()..offset + line.len();
            (fence.section, fence.after_prose) = (section, after_prose);
            fences.push(fence);
            (open, after_prose) = (Some(marks), false);
        } else if let Some(title) = content.strip_prefix('#').filter(|it| it.starts_with(['#', ' '])) {
            heading = heading.or_else(|| Some(title.trim_start_matches('#').trim().to_owned()));
            (section, after_prose) = (section + 1, true);
        } else if !content.is_empty() {
            after_prose = true;
        }
        offset += line.len();
    }
    if open.is_some() {
        return Err("a fence is not closed".to_owned());
    }
    Ok((fences, heading))
}

/// What stands after the marks: a language, and words of ours.
fn fence(info: &str) -> Result<Fence, String> {
    let mut fence = Fence {
        line: 0,
        role: Role::Plain,
        unsafe_fixes: false,
        unasked: false,
        file: None,
        unlike: None,
        text: String::new(),
        place: 0..0,
        after_prose: false,
        section: 0,
    };
    for word in info.split_whitespace().skip(1) {
        match word.split_once('=').unwrap_or((word, "")) {
            ("bad", "") => fence.role = Role::Bad(1),
            ("bad", number) => {
                fence.role = Role::Bad(number.parse().map_err(|_| format!("`{word}` needs a number"))?);
            }
            ("good", "") => fence.role = Role::Good,
            ("fixed", "") => fence.role = Role::Fixed,
            ("report", "") => fence.role = Role::Report,
            ("settings", "") => fence.role = Role::Settings,
            ("unsafe", "") => fence.unsafe_fixes = true,
            ("unasked", "") => fence.unasked = true,
            ("unlike", what) => {
                fence.role = Role::Unlike;
                fence.unlike = what.split_once(':').map(|(code, side)| (code.to_owned(), side.to_owned()));
            }
            ("file", path) => fence.file = Some(path.to_owned()),
            _ => return Err(format!("`{word}` means nothing here")),
        }
    }
    Ok(fence)
}
