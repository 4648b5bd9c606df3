//! The comments of HCL, found without its parser: that keeps them at dozens of places of its tree.

/// The comments of a text, with their signs, trimmed and sorted.
pub(super) fn of_hcl(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    // What is open: a text, or the braces of a template in it, which hold code again.
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        let mut next = letter.len_utf8();
        if open.last() == Some(&Open::Text) {
            if rest.starts_with('\\') {
                next = rest.chars().take(2).map(char::len_utf8).sum();
            } else if rest.starts_with("$${") || rest.starts_with("%%{") {
                next = 3;
            } else if rest.starts_with("${") || rest.starts_with("%{") {
                open.push(Open::Braces);
                next = 2;
            } else if letter == '"' || letter == '\n' {
                open.pop();
            }
        } else if letter == '"' {
            open.push(Open::Text);
        } else if letter == '{' && !open.is_empty() {
            open.push(Open::Braces);
        } else if letter == '}' {
            open.pop();
        } else if letter == '#' || rest.starts_with("//") {
            next = rest.find('\n').unwrap_or(rest.len());
            out.push(rest[..next].trim().to_owned());
        } else if rest.starts_with("/*") {
            next = rest.find("*/").map_or(rest.len(), |it| it + 2);
            out.push(rest[..next].trim().to_owned());
        } else if let Some(length) = heredoc(rest) {
            next = length;
        }
        at += next;
    }
    out.sort_unstable();
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Braces,
}

/// The length of a heredoc, if one begins here.
fn heredoc(text: &str) -> Option<usize> {
    let after = text.strip_prefix("<<")?;
    let (head, _) = after.split_once('\n')?;
    let name = head.strip_prefix('-').unwrap_or(head).trim();
    if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-')) {
        return None;
    }
    let mut length = "<<".len() + head.len() + 1;
    for line in text[length..].split_inclusive('\n') {
        length += line.len();
        if line.trim() == name {
            break;
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_told_from_text() {
        for (text, comments) in [
            ("# a\nb = 1 // c\n/* d\n e */ f = 2", &["# a", "/* d\n e */", "// c"][..]),
            (r##"a = "# no" # yes"##, &["# yes"]),
            (r##"a = "x${b("# no") /* yes */}# no""##, &["/* yes */"]),
            (r##"a = "\"# no" # yes"##, &["# yes"]),
            (r#"a = "$${# no" # yes"#, &["# yes"]),
            ("a = <<-EOT\n  # no\n  EOT\n# yes", &["# yes"]),
            ("a = 1 << 2", &[]),
            ("t \"a\" {\n  b = { c = \"${{ d = 1 }.d}\" } # yes\n}", &["# yes"]),
        ] {
            assert_eq!(of_hcl(text), comments, "{text}");
        }
    }
}
