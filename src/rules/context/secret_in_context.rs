//! Secrets that a copy of the whole context takes in: see `rules/context/secret-in-context.md`.
//!
//! What is in such files is looked at, and never told.

use super::sharing::{self, Line, Shared};
use crate::{
    edit::Safety,
    finding::{Finding, Fix},
    project::{Kind, join},
    rule::{Check, ProjectCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("context" / "secret-in-context", Check::Project(check));

fn check(cx: &ProjectCx<'_>, out: &mut Vec<Finding>) {
    for shared in sharing::of_broad_copies(cx) {
        let Some((file, need)) = shared.first_whole() else { continue };
        for name in shared.list(".") {
            let Some(what) = secret(shared, &name).filter(|_| shared.lets_pass(&name)) else { continue };
            let copy = file.source.slice(need.span).lines().next().unwrap_or_default().trim_end_matches(['\\', ' ']);
            let message = format!("`{copy}` copies `{name}`, {what}");
            let mut finding = Finding::new(RULE.name, file.at(need.span), message);
            finding.note = Some(
                "Whoever has the image can read it, in the layer even if a later command deletes it. \
                 A secret mount gives it to one command; what the service needs is passed when it runs."
                    .to_owned(),
            );
            let lines = shared.harmless(&[Line { group: "secrets".to_owned(), text: name.clone() }]);
            let title = format!("Add `{name}` to {}", shared.path);
            finding.fix = (!lines.is_empty()).then(|| shared.add(&lines)).flatten().map(|change| Fix {
                title,
                safety: Safety::Unsafe,
                change,
            });
            out.push(finding);
        }
    }
}

/// What makes a file of that name in the root of the context a secret, in words.
fn secret(shared: &Shared<'_>, name: &str) -> Option<&'static str> {
    const PRIVATE: &str = "which holds a private key";
    const FOLDERS: &[&str] = &[".aws", ".kube", ".ssh", ".gnupg"];
    let path = join(&shared.folder, name);
    let text = || shared.files().read(&path);
    if FOLDERS.contains(&name) {
        return (shared.files().kind(&path) == Some(Kind::Folder)).then_some("in which credentials are kept");
    }
    if name == ".env" || name.starts_with(".env.") {
        let is_example = ["example", "sample", "template", "dist", "defaults"].iter().any(|it| name.contains(it));
        return text().filter(|it| !is_example && sets_secret(it)).map(|_| "which sets a password or key");
    }
    let ending = name.rsplit_once('.').map_or("", |(_, it)| it);
    if matches!(ending, "pem" | "key" | "p8") || name.starts_with("id_") && ending != "pub" {
        return text().filter(|it| it.contains("PRIVATE KEY-----")).map(|_| PRIVATE);
    }
    match name {
        ".npmrc" | ".yarnrc" | ".yarnrc.yml" => {
            let has_token = |it: &str| {
                let value =
                    it.split_once("_authToken=").or_else(|| it.split_once("npmAuthToken:")).map(|(_, it)| it.trim());
                value.is_some_and(|it| !it.is_empty() && !it.contains('$'))
            };
            text().filter(|it| it.lines().any(has_token)).map(|_| "which holds a token")
        }
        ".pypirc" | ".netrc" | "_netrc" => {
            text().filter(|it| it.contains("password")).map(|_| "which holds a password")
        }
        _ => None,
    }
}

/// Whether a file of variables gives a value to one that is named like a secret.
fn sets_secret(text: &str) -> bool {
    const NAMES: &[&str] = &["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY"];
    /// What stands in the place of a value that is still to come.
    const OPEN: &[&str] = &["change", "example", "your", "xxx", "todo", "dummy", "test", "placeholder", "none", "null"];
    text.lines().filter_map(|it| it.trim().trim_start_matches("export ").split_once('=')).any(|(name, value)| {
        let value = value.trim().trim_matches(['"', '\'']).to_lowercase();
        let is_public = name.starts_with("NEXT_PUBLIC_") || name.starts_with("VITE_") || name.contains("PUBLIC");
        let is_open = value.len() < 8 || value.contains(['$', '<', ' ']) || OPEN.iter().any(|it| value.contains(it));
        !name.starts_with('#') && !is_public && !is_open && NAMES.iter().any(|it| name.to_uppercase().contains(it))
    })
}
