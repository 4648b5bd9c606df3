//! Haskell and OCaml: package descriptions beside the sources, and options that build what they depend on.

use super::{Manifests, Reads, Restricted, View};
use crate::{
    model::PackageCommand,
    project::{Kind, join},
};

/// The files of a folder of the image with an ending, and those of these names, as paths in the context.
fn files(folder: &str, ending: &str, names: &[&str], view: &View<'_>) -> Vec<String> {
    let Some(own) = view.in_context(folder) else { return Vec::new() };
    let wanted = |name: &String| {
        let is_like = name.rsplit_once('.').is_some_and(|(_, it)| it == ending);
        is_like || names.contains(&name.as_str())
    };
    let listed = view.context.list(&own).into_iter().filter(wanted).map(|it| join(&own, &it));
    listed.filter(|it| view.context.kind(it) == Some(Kind::File) && view.brings(it)).collect()
}

/// Whether a list of a YAML file, or of a `cabal.project`, names nothing but the folder itself.
fn is_alone(text: &str) -> bool {
    let mut inside = false;
    text.lines().map(|it| it.split('#').next().unwrap_or_default().trim_end()).filter(|it| !it.is_empty()).all(|line| {
        if let Some(rest) = line.strip_prefix("packages:") {
            inside = true;
            return rest.split([',', ' ', '[', ']']).all(is_own);
        }
        let goes_on = inside && line.starts_with([' ', '\t', '-']);
        inside &= goes_on;
        !goes_on || line.trim().trim_start_matches("- ").split([',', ' ']).all(is_own)
    })
}

fn is_own(name: &str) -> bool {
    matches!(name.trim_matches(['"', '\'']), "" | "." | "./" | "*.cabal" | "./*.cabal" | "./.")
}

fn with_option(files: Vec<String>, command: &PackageCommand, option: &str) -> Manifests {
    let add = !command.has_option(option);
    let doubt = format!("`{option}` leaves notes of the build tool in the folder, and the sources are copied over it.");
    let restricted = add.then(|| Restricted::Add(vec![option.to_owned()]));
    Manifests { files, restricted, doubts: vec![doubt], ..Manifests::default() }
}

/// `stack build`, `stack install`.
pub(super) fn stack(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let elsewhere = ["--stack-yaml", "--work-dir", "--docker", "--nix"].iter().any(|it| command.has_option(it));
    if !matches!(command.subcommand.as_str(), "build" | "install") || command.operands().next().is_some() || elsewhere {
        return Reads::Sources;
    }
    let files = files(folder, "cabal", &["stack.yaml", "stack.yaml.lock", "package.yaml"], view);
    let Some(text) = files.iter().find(|it| it.ends_with("stack.yaml")).and_then(|it| view.context.read(it)) else {
        return Reads::Sources;
    };
    let local =
        text.lines().any(|it| it.trim_start().trim_start_matches("- ").starts_with(['.', '/']) && it.trim() != "- .");
    if files.len() < 2 || local || !is_alone(&text) {
        return Reads::Sources;
    }
    Reads::Manifests(with_option(files, command, "--only-dependencies"))
}

/// `cabal build`.
pub(super) fn cabal(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let elsewhere = ["--project-file", "--project-dir"].iter().any(|it| command.has_option(it));
    let builds = matches!(command.subcommand.as_str(), "build" | "v2-build" | "new-build");
    if !builds || elsewhere || command.operands().any(|(_, it)| it.is_none_or(|it| it.contains('/'))) {
        return Reads::Sources;
    }
    let files = files(folder, "cabal", &["cabal.project", "cabal.project.freeze", "cabal.project.local"], view);
    let texts: Vec<_> = files.iter().filter_map(|it| Some((it, view.context.read(it)?))).collect();
    let described = texts.iter().any(|(path, _)| !path.contains("cabal.project"));
    // A setup of its own is built from the sources.
    let custom = |(path, text): &(&String, std::sync::Arc<str>)| {
        let lower = text.to_lowercase();
        if path.contains("cabal.project") {
            !is_alone(text) || lower.contains("optional-packages")
        } else {
            lower.contains("custom")
        }
    };
    if !described || texts.iter().any(custom) {
        return Reads::Sources;
    }
    Reads::Manifests(with_option(files, command, "--only-dependencies"))
}

/// `opam install .`
pub(super) fn opam(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let operands: Vec<Option<&str>> = command.operands().map(|(_, it)| it).collect();
    if command.subcommand != "install" || operands.is_empty() {
        return Reads::Sources;
    }
    if operands != [Some(".")] {
        let local = operands.iter().any(|it| it.is_none_or(|it| it.contains(['/', '.']) && !it.contains('=')));
        return if local { Reads::Sources } else { Reads::Manifests(Manifests::default()) };
    }
    let files = files(folder, "opam", &[], view);
    let pins = files.iter().filter_map(|it| view.context.read(it)).any(|it| it.contains("pin-depends"));
    if files.is_empty() || pins {
        return Reads::Sources;
    }
    Reads::Manifests(with_option(files, command, "--deps-only"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_of_one_package_stand_alone() {
        for (text, expected) in [
            ("resolver: lts-22\n", true),
            ("packages:\n- .\nextra-deps:\n- a-1.0\n", true),
            ("packages: [\".\"]\n", true),
            ("packages: ./*.cabal\n", true),
            ("packages:\n- .\n- lib\n", false),
            ("packages: a b\n", false),
        ] {
            assert_eq!(is_alone(text), expected, "{text}");
        }
    }
}
