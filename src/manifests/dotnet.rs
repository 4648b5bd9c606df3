//! .NET: project files and those they refer to, solutions, and the settings in the folders above.

use super::{Manifests, Reads, Restricted, View};
use crate::{
    model::PackageCommand,
    project::{Kind, join, parent},
};

/// Files that count in the folder of a project and in those above it.
const SETTINGS: [&str; 10] = [
    "Directory.Build.props",
    "Directory.Build.targets",
    "Directory.Packages.props",
    "Directory.Build.rsp",
    "Directory.Solution.props",
    "nuget.config",
    "NuGet.config",
    "NuGet.Config",
    "global.json",
    "packages.lock.json",
];

/// `dotnet restore`, and what restores before it builds.
pub(super) fn restore(command: &PackageCommand, folder: &str, view: &View<'_>) -> Reads {
    let restores = command.subcommand == "restore";
    let configured = ["--configfile", "--packages", "--lock-file-path"].iter().any(|it| command.has_option(it));
    if configured || command.has_option("--no-restore") || !(restores || command.project_install().is_some()) {
        return Reads::Sources;
    }
    let operands: Vec<Option<&str>> =
        command.operands().map(|(_, it)| it).filter(|it| it.is_none_or(|it| !it.starts_with(['/', '-']))).collect();
    let operand = match operands.as_slice() {
        [] => None,
        [Some(one)] => Some(*one),
        _ => return Reads::Sources,
    };
    let mut manifests = Manifests::default();
    if project(operand, folder, view, &mut manifests).is_none() {
        return Reads::Sources;
    }
    let projects: Vec<String> = manifests.files.iter().filter(|it| is_project(it)).cloned().collect();
    // Nothing to download, nothing to gain.
    let asks = |it: &String| view.context.read(it).is_some_and(|it| it.contains("<PackageReference"));
    if !projects.iter().any(asks) {
        return Reads::Sources;
    }
    let mut folders: Vec<String> = Vec::new();
    for path in projects {
        manifests.outputs.push(join(&parent(&path), "obj"));
        let mut above = parent(&path);
        loop {
            if folders.contains(&above) {
                break;
            }
            folders.push(above.clone());
            if above == "." {
                break;
            }
            above = parent(&above);
        }
    }
    for folder in folders {
        for name in SETTINGS {
            let file = join(&folder, name);
            if view.context.kind(&file) == Some(Kind::File) && view.brings(&file) {
                manifests.files.push(file);
            }
        }
    }
    let settings: Vec<String> = manifests.files.iter().filter(|it| !is_project(it)).cloned().collect();
    for file in settings {
        // What a property file takes in can be anything.
        if (has_ending(&file, "props") || has_ending(&file, "targets"))
            && view.context.read(&file).is_none_or(|it| it.contains("<Import "))
        {
            manifests.obstacles.push(format!("`{file}` imports another file."));
        }
    }
    if !restores {
        let runtime = ["-r", "--runtime", "-a", "--arch"].iter().find_map(|it| {
            let value = command.values(it).into_iter().next()??;
            Some(format!(" {it} {value}"))
        });
        let place = operand.map_or_else(String::new, |it| format!(" {it}"));
        manifests.restricted =
            Some(Restricted::Instead(format!("dotnet restore{place}{}", runtime.unwrap_or_default())));
    }
    Reads::Manifests(manifests)
}

fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, it)| it.eq_ignore_ascii_case(ending))
}

fn is_project(path: &str) -> bool {
    ["csproj", "fsproj", "vbproj"].iter().any(|it| has_ending(path, it))
}

fn is_solution(path: &str) -> bool {
    has_ending(path, "sln")
}

/// The project or solution that a command means, and all that it refers to.
fn project(operand: Option<&str>, folder: &str, view: &View<'_>, manifests: &mut Manifests) -> Option<()> {
    let place = operand.map_or_else(|| folder.to_owned(), |it| join(folder, &it.replace('\\', "/")));
    let path = view.in_context(&place)?;
    if view.context.kind(&path) == Some(Kind::File) {
        return follow(&path, view, manifests);
    }
    // A folder: what lies in it is meant, if it is one of its kind.
    let names = view.context.list(&path);
    let found = |kind: fn(&str) -> bool| -> Vec<String> {
        names
            .iter()
            .filter(|it| kind(it))
            .map(|it| join(&path, it))
            .filter(|it| view.context.kind(it).is_some())
            .collect()
    };
    let (solutions, projects) = (found(is_solution), found(is_project));
    match (solutions.as_slice(), projects.as_slice()) {
        ([one], []) | ([], [one]) => follow(one, view, manifests),
        _ => None,
    }
}

/// Adds a project or solution and all that it refers to; `None` if one of them is missing or cannot be told.
fn follow(path: &str, view: &View<'_>, manifests: &mut Manifests) -> Option<()> {
    if manifests.files.iter().any(|it| it == path) {
        return Some(());
    }
    let text = view.context.read(path).filter(|_| view.brings(path))?;
    manifests.files.push(path.to_owned());
    let base = parent(path);
    if is_solution(path) {
        for line in text.lines().filter(|it| it.starts_with("Project(")) {
            let file = line.split('"').find(|it| is_project(it));
            match file {
                Some(file) => follow(&join(&base, &file.replace('\\', "/")), view, manifests)?,
                // Folders of a solution are no projects.
                None if line.contains("proj\"") => return None,
                None => {}
            }
        }
        return Some(());
    }
    if text.contains("<Import ") || text.contains("packages.config") {
        return None;
    }
    for reference in text.split("<ProjectReference").skip(1) {
        let include = reference.split("Include=\"").nth(1)?.split('"').next()?;
        if include.contains(['$', '*', ';']) {
            return None;
        }
        follow(&join(&base, &include.replace('\\', "/")), view, manifests)?;
    }
    Some(())
}
