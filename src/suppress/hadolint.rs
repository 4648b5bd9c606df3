//! hadolint's comments: `# hadolint ignore=DL3008`, `# hadolint global ignore=…`, `# hadolint stage ignore=…`.

/// What a comment of hadolint reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Next,
    Stage,
    File,
}

/// A comment that speaks to hadolint. As there, a wrong code or a word after the codes voids the whole comment.
pub(super) struct Pragma {
    pub reach: Reach,
    pub codes: Vec<String>,
}

impl Pragma {
    /// Reads a comment that is meant for hadolint; `None` for other comments. One that hadolint cannot read is an error
    /// with what was probably meant.
    pub(super) fn find(comment: &str) -> Option<Result<Self, Option<String>>> {
        let content = comment.trim().strip_prefix('#')?.trim_start().strip_prefix("hadolint")?;
        let text = content.trim_start_matches([' ', '\t', ':']);
        let is_readable = content.starts_with([' ', '\t']) && content.trim_start() == text;
        let (reach, text) = if let Some(text) = text.strip_prefix("global") {
            (Reach::File, text.trim_start())
        } else if let Some(text) = text.strip_prefix("stage") {
            (Reach::Stage, text.trim_start())
        } else {
            (Reach::Next, text)
        };
        let rest = text.strip_prefix("ignore")?;
        let codes = rest.trim_start().strip_prefix('=').and_then(codes).filter(|_| is_readable);
        if let Some(codes) = codes {
            return Some(Ok(Self { reach, codes }));
        }
        // Prose that begins with the name of the tool names no code.
        let names_codes = rest.split(|it: char| !it.is_ascii_alphanumeric()).any(is_like_code);
        names_codes.then(|| Err(meant(reach, rest)))
    }
}

fn codes(list: &str) -> Option<Vec<String>> {
    let list = list.split_once('#').map_or(list, |(list, _)| list);
    let is_code = |it: &str| !it.is_empty() && it.bytes().all(|it| b"DLSC".contains(&it) || it.is_ascii_digit());
    let code = |it: &str| {
        let tool = if it.starts_with("SC") { "shellcheck" } else { "hadolint" };
        is_code(it).then(|| format!("{tool}/{it}"))
    };
    list.split(',').map(|it| code(it.trim())).collect()
}

/// Whether a word has the form of a code, in any case: `dl3008`.
fn is_like_code(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let number = lower.strip_prefix("dl").or_else(|| lower.strip_prefix("sc"));
    number.is_some_and(|it| it.len() == 4 && it.bytes().all(|it| it.is_ascii_digit()))
}

/// The comment with the codes behind `ignore`, and all else as a comment of it.
fn meant(reach: Reach, rest: &str) -> Option<String> {
    let is_separator = |it: char| it.is_whitespace() || "[]()=:,;".contains(it);
    let mut codes = Vec::new();
    let mut rest = rest.trim_start_matches(is_separator);
    loop {
        let end = rest.find(|it| is_separator(it) || it == '#').unwrap_or(rest.len());
        if !is_like_code(&rest[..end]) {
            break;
        }
        codes.push(rest[..end].to_ascii_uppercase());
        rest = rest[end..].trim_start_matches(is_separator);
    }
    let reason = rest.trim_start_matches(|it: char| is_separator(it) || it == '#' || it == '-').trim_end();
    let reach = match reach {
        Reach::Next => "",
        Reach::Stage => "stage ",
        Reach::File => "global ",
    };
    let reason = if reason.is_empty() { String::new() } else { format!(" # {reason}") };
    (!codes.is_empty()).then(|| format!("# hadolint {reach}ignore={}{reason}", codes.join(",")))
}
