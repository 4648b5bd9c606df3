//! The working directory and what lies below it: the only place that touches the disk.

mod copy;
mod disk;
mod find;
mod git;
mod history;
mod listing;
mod shellcheck;
mod write;

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use miette::Diagnostic;
use thiserror::Error;

use crate::{
    baseline::{Baseline, Folders},
    build::Recipe,
    definitions::{self, Definitions},
    model::is_below,
    parallel,
    project::{self, Files as _, History, Kind, Project, join, parent},
    settings::{self, Settings, SettingsError},
    source::Source,
};
pub use copy::Copied;
use disk::{Disk, read_limited};
use find::Found;
pub use git::ChangedLines;
pub use write::{create_file, write_report};

/// The path that means standard input.
pub const STDIN: &str = "-";

/// What keeps dockopt from doing its work.
#[derive(Debug, Error, Diagnostic)]
pub enum WorkspaceError {
    /// The working directory is gone or cannot be entered.
    #[error("the working directory cannot be used: {error}")]
    #[diagnostic(help("change to a folder that exists"))]
    WorkingDirectory {
        /// Why.
        error: io::Error,
    },
    /// A path that was given names nothing.
    #[error("{path}: no such file or folder")]
    #[diagnostic(help("give Dockerfiles, folders to search, or `-` for standard input"))]
    Missing {
        /// The path as it was given.
        path: String,
    },
    /// A file or folder cannot be read.
    #[error("{path}: cannot be read: {error}")]
    #[diagnostic(help("check its permissions, or exclude it in `dockopt.toml`"))]
    Unreadable {
        /// The path.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The settings file cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Settings(#[from] SettingsError),
    /// A file is not what it was when it was read.
    #[error("{path}: has changed since it was read; nothing was written")]
    #[diagnostic(help("run `dockopt fix` again"))]
    Changed {
        /// The path.
        path: String,
    },
    /// A file that a fix wants to make is there.
    #[error("{path}: exists already; nothing was written")]
    #[diagnostic(help("move it away, or leave this fix out with `--ignore`"))]
    Exists {
        /// The path.
        path: String,
    },
    /// A file holds bytes that are not UTF-8.
    #[error("{path}: is not UTF-8 and is never rewritten; nothing was written")]
    #[diagnostic(help("convert it to UTF-8 first"))]
    NotUtf8 {
        /// The path.
        path: String,
    },
    /// A link leads out of the repository.
    #[error("{path}: leads out of the repository; nothing was written")]
    #[diagnostic(help("run `dockopt fix` on the file that it links to"))]
    Outside {
        /// The path.
        path: String,
    },
    /// Two paths lead to one file, and the fixes differ.
    #[error("{path}: links to a file that is fixed in another way too; nothing was written")]
    #[diagnostic(help("run `dockopt fix` on one of the two paths"))]
    Twice {
        /// The path.
        path: String,
    },
    /// A baseline that is to be used is not there.
    #[error("{path}: there is no such baseline")]
    #[diagnostic(help("write it with `--write-baseline`"))]
    NoBaseline {
        /// The path.
        path: String,
    },
    /// Git cannot be started.
    #[error("git cannot be started: {error}")]
    #[diagnostic(help("`--diff-base` asks git which lines have changed"))]
    NoGit {
        /// Why.
        error: io::Error,
    },
    /// The working directory lies in no repository.
    #[error("the working directory is not in a git repository")]
    #[diagnostic(help("`--diff-base` needs one"))]
    NoRepository,
    /// A revision that git does not know.
    #[error("git knows no revision `{revision}`")]
    #[diagnostic(help("fetch it first; in CI, check out with the full history"))]
    UnknownRevision {
        /// The revision as it was given.
        revision: String,
    },
    /// A revision that has nothing in common with `HEAD`, as in a shallow clone.
    #[error("`{revision}` and `HEAD` have no commit in common")]
    #[diagnostic(help("a shallow clone does not reach back to it; in CI, check out with the full history"))]
    NoMergeBase {
        /// The revision as it was given.
        revision: String,
    },
    /// The program that was to be asked about shell texts cannot be started.
    #[error("{program}: cannot be started: {error}")]
    #[diagnostic(help("`--shellcheck` takes the program of ShellCheck, such as `shellcheck`"))]
    NoShellcheck {
        /// The program.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// The program that was asked about shell texts gave no answer.
    #[error("{program}: has no report that can be read: {message}")]
    #[diagnostic(help("ShellCheck 0.7 or newer is needed"))]
    Shellcheck {
        /// The program.
        program: String,
        /// What it says.
        message: String,
    },
    /// Git failed.
    #[error("git failed: {message}")]
    #[diagnostic(help("run `git status` to see whether the repository is sound"))]
    Git {
        /// What it says.
        message: String,
    },
    /// A report, or another file that was asked for, cannot be written.
    #[error("{path}: the file cannot be written: {error}")]
    #[diagnostic(help("check the permissions of the folder"))]
    Report {
        /// The path as it was given.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The copy of a project cannot be made, or not be changed.
    #[error("{path}: cannot be copied: {error}")]
    #[diagnostic(help("the copy lies in the folder for temporary files, which `TMPDIR` names"))]
    Uncopied {
        /// The path.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// Writing failed.
    #[error("{path}: cannot be written: {error}; all files are as they were")]
    #[diagnostic(help("check the permissions of the file and of its folder"))]
    Unwritable {
        /// The path.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// Writing failed, and so did putting back what had been written before.
    #[error("{path}: cannot be written: {error}; could not be put back: {left}")]
    #[diagnostic(help("restore these files from version control"))]
    HalfWritten {
        /// The path that could not be written.
        path: String,
        /// Why.
        error: io::Error,
        /// The paths that were written and stay so.
        left: String,
    },
}

/// Which settings file is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// The nearest one.
    Nearest,
    /// This one; its globs start at the working directory.
    File(PathBuf),
    /// None.
    Isolated,
}

/// The working directory, and the ways to say paths from there.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The working directory, absolute, with `/` between its parts.
    cwd: String,
    /// The repository that it lies in.
    repository: Option<String>,
}

/// What was read.
#[derive(Debug)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// What could not be read; the rest was.
    pub problems: Vec<WorkspaceError>,
    disk: Arc<Disk>,
    /// The path under which standard input is shown; it is never written.
    stdin: Option<String>,
}

impl Workspace {
    /// The workspace around the working directory.
    pub fn here() -> Result<Self, WorkspaceError> {
        let cwd = env::current_dir().map_err(|error| WorkspaceError::WorkingDirectory { error })?;
        let repository = repository_of(&cwd).map(slashed);
        Ok(Self { cwd: slashed(&cwd), repository })
    }

    /// The settings for a run over `paths`: the nearest file in the working directory or above it, up to the
    /// repository root; where the first path lies elsewhere, the search starts there. Without one, those of hadolint.
    pub fn settings(&self, config: &Config, paths: &[String]) -> Result<Settings, WorkspaceError> {
        let (file, folder) = match config {
            Config::Isolated => return Ok(Settings::default()),
            Config::File(file) => {
                let whole = PathBuf::from(join(&self.cwd, &slashed(file)));
                if file.extension().is_some_and(|it| it == "yaml" || it == "yml") {
                    return self.settings_of_hadolint(Some(&whole));
                }
                (whole, self.cwd.clone())
            }
            Config::Nearest => match self.nearest(paths, &settings::FILE_NAMES) {
                Some(file) => (file.clone(), slashed(file.parent().unwrap_or(&file))),
                None => return self.settings_of_hadolint(self.hadolint_config(paths).as_deref()),
            },
        };
        let (path, text) = self.read_settings(&file)?;
        let settings = Settings::parse(&text).map_err(|error| SettingsError { path, ..error })?;
        Ok(settings.seen_from(&self.cwd, &folder, |it| self.show(it)))
    }

    /// hadolint's configuration: the nearest one, as for dockopt's own, then those of the user in hadolint's order.
    pub fn hadolint_config(&self, paths: &[String]) -> Option<PathBuf> {
        let of_user = || {
            let home = env::var_os("HOME").map(PathBuf::from);
            let xdg = env::var_os("XDG_CONFIG_HOME").filter(|it| !it.is_empty()).map(PathBuf::from);
            let xdg = xdg.or_else(|| home.as_ref().map(|it| it.join(".config")));
            let below = |folder: Option<PathBuf>, stem: &str| {
                let endings = ["yaml", "yml"].map(|it| format!("{stem}.{it}"));
                folder.into_iter().flat_map(move |folder| endings.clone().map(|it| folder.join(it)))
            };
            let mut all = below(xdg, "hadolint")
                .chain(below(home.clone(), ".hadolint/hadolint"))
                .chain(below(home.clone(), ".hadolint/config"))
                .chain(below(home, ".hadolint"));
            all.find(|it| it.is_file())
        };
        self.nearest(paths, &settings::HADOLINT_NAMES).or_else(of_user)
    }

    /// The settings of hadolint's configuration and environment.
    pub fn settings_of_hadolint(&self, file: Option<&Path>) -> Result<Settings, WorkspaceError> {
        let read = file.map(|it| self.read_settings(it)).transpose()?;
        let file = read.as_ref().map(|(path, text)| (path.as_str(), text.as_str()));
        let settings = Settings::of_hadolint(file, |name| env::var(name).ok())?;
        Ok(settings.seen_from(&self.cwd, &self.cwd, |it| self.show(it)))
    }

    /// The settings of a configuration of hadolint, environment aside, and its path as it is shown.
    pub fn hadolint_alone(&self, file: &Path) -> Result<(String, Settings), WorkspaceError> {
        let whole = join(&self.cwd, &slashed(file));
        let (path, text) = self.read_settings(Path::new(&whole))?;
        let settings = Settings::of_hadolint(Some((&path, &text)), |_| None)?;
        Ok((path, settings))
    }

    /// The path of a settings file as it is shown, and its text.
    fn read_settings(&self, file: &Path) -> Result<(String, String), WorkspaceError> {
        let path = self.show(&slashed(file));
        let text = fs::read_to_string(file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => WorkspaceError::Missing { path: path.clone() },
            _ => WorkspaceError::Unreadable { path: path.clone(), error },
        })?;
        Ok((path, text))
    }

    /// The nearest file with one of these names, from the working directory or the first path up to the repository.
    fn nearest(&self, paths: &[String], names: &[&str]) -> Option<PathBuf> {
        let first = paths.iter().find(|it| *it != STDIN).map(|it| join(&self.cwd, it));
        let start = match first.filter(|it| !is_below(it, &self.cwd)) {
            Some(elsewhere) if Path::new(&elsewhere).is_dir() => elsewhere,
            Some(elsewhere) => parent(&elsewhere),
            None => self.cwd.clone(),
        };
        let repository =
            if start == self.cwd { self.repository.clone() } else { repository_of(Path::new(&start)).map(slashed) };
        let top = repository.unwrap_or_else(|| start.clone());
        let folders = Path::new(&start).ancestors().take_while(|it| is_below(&slashed(it), &top));
        let mut files = folders.flat_map(|folder| names.iter().map(|name| folder.join(name)));
        files.find(|it| it.is_file())
    }

    /// Reads the Dockerfiles that `paths` name and what belongs to them.
    /// `stdin` is what stands for the path `-`: the path under which it is shown, and its bytes.
    pub fn load(&self, paths: &[String], stdin: Option<(String, Vec<u8>)>, settings: Arc<Settings>) -> Loaded {
        let mut found = Found::default();
        for path in paths.iter().filter(|it| *it != STDIN) {
            self.find(path, &settings, &mut found);
        }
        let stdin = stdin.map(|(path, bytes)| (self.show(&join(&self.cwd, &path)), bytes));
        if let Some((path, _)) = &stdin {
            self.add_surroundings(&parent(&join(&self.cwd, path)), &mut found);
            found.dockerfiles.remove(path);
        }
        let disk = Arc::new(Disk::new(self.clone(), &found.roots, std::mem::take(&mut found.listings)));

        let mut problems = found.problems;
        found.definitions.retain(|shown, _| disk.kind(shown) == Some(Kind::File));
        // Nobody asked for these files by name, so those that cannot be read are passed over.
        let (definitions, _) = read_all(&found.definitions);
        let definitions = Definitions::of(definitions, &*disk);
        for build in &definitions.found.builds {
            let Recipe::File(dockerfile) = &build.dockerfile else { continue };
            let path = join(&self.cwd, dockerfile);
            let shown = self.show(&path);
            let wanted = found.searched.iter().any(|it| is_below(&path, it)) && !settings.excludes(&shown);
            if wanted && stdin.as_ref().is_none_or(|(path, _)| *path != shown) && Path::new(&path).is_file() {
                found.dockerfiles.entry(shown).or_insert_with(|| PathBuf::from(path));
            }
        }
        let (mut dockerfiles, unreadable) = read_all(&found.dockerfiles);
        problems.extend(unreadable);
        let stdin_path = stdin.as_ref().map(|(path, _)| path.clone());
        dockerfiles.extend(stdin.map(|(path, bytes)| Source::from_bytes(path, bytes)));

        let mut project = Project::of(dockerfiles, definitions, settings, disk.clone());
        let settings = Arc::clone(&project.settings);
        project.add_inlined(|shown| {
            let path = join(&self.cwd, shown);
            found.searched.iter().any(|it| is_below(&path, it)) && !settings.excludes(shown)
        });
        Loaded { project, problems, disk, stdin: stdin_path }
    }

    /// A path from the command line as it is shown.
    pub fn shown(&self, path: &str) -> String {
        self.show(&join(&self.cwd, path))
    }

    /// What the latest commits of the repository of a path have changed; nothing without a repository, or without git.
    pub fn history(&self, path: &str) -> History {
        history::of(&join(&self.cwd, path), |it| self.show(it)).unwrap_or_default()
    }

    /// An absolute path as it is shown: relative to the working directory inside its repository.
    fn show(&self, path: &str) -> String {
        if path == self.cwd {
            return ".".to_owned();
        }
        if is_below(path, &self.cwd) {
            return path[self.cwd.trim_end_matches('/').len() + 1..].to_owned();
        }
        if self.repository.as_ref().is_none_or(|it| !is_below(path, it)) {
            return path.to_owned();
        }
        let mut ups = "..".to_owned();
        let mut folder = parent(&self.cwd);
        while !is_below(path, &folder) {
            ups.push_str("/..");
            folder = parent(&folder);
        }
        let below = path[folder.len()..].trim_start_matches('/');
        join(&ups, below)
    }
}

impl Loaded {
    /// The path under which standard input is shown, if it was read.
    pub fn stdin(&self) -> Option<&str> {
        self.stdin.as_deref()
    }

    /// The baseline at `path`, from the working directory, and the folders that its paths are counted from.
    /// One that is not there is `None`.
    pub fn baseline(&self, path: &str) -> Result<(Option<Baseline>, Folders), WorkspaceError> {
        let workspace = &self.disk.workspace;
        let whole = join(&workspace.cwd, path);
        let folders = Folders { baseline: parent(&whole), cwd: workspace.cwd.clone() };
        match fs::read_to_string(&whole) {
            Ok(text) => Ok((Some(Baseline::parse(path, &text)?), folders)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((None, folders)),
            Err(error) => Err(WorkspaceError::Unreadable { path: path.to_owned(), error }),
        }
    }

    /// Whether a file is at an absolute path.
    pub fn is_file(&self, path: &str) -> bool {
        Path::new(path).is_file()
    }

    /// Makes files that are not there yet, of a path, a text, and whether it is a program: all of them or none.
    pub fn create<'a>(&self, files: impl IntoIterator<Item = (&'a str, &'a str, bool)>) -> Result<(), WorkspaceError> {
        let files: Vec<_> = files.into_iter().map(|(path, text, program)| (Source::new(path, text), program)).collect();
        write::create(&self.disk, &files)
    }

    /// Writes what `after` changes and adds: all of it or, with an error, nothing.
    pub fn write(&self, after: &Project) -> Result<(), WorkspaceError> {
        write::write(&self.disk, &self.project, after, self.stdin())
    }
}

/// The settings of the Docker engine of this machine, with their path: those of the user, or of the system.
pub fn daemon_settings() -> Option<(String, String)> {
    let own = env::var_os("HOME").map(|it| PathBuf::from(it).join(".docker/daemon.json"));
    let all = own.into_iter().chain([PathBuf::from("/etc/docker/daemon.json")]);
    let read = |path: PathBuf| Some((slashed(&path), String::from_utf8(read_limited(&path).ok()?).ok()?));
    all.filter(|it| it.is_file()).find_map(read)
}

/// Reads files in parallel; the order is that of the paths.
fn read_all(paths: &BTreeMap<String, PathBuf>) -> (Vec<Source>, Vec<WorkspaceError>) {
    let paths: Vec<_> = paths.iter().collect();
    let results = parallel::map(&paths, |_, (shown, path)| match read_limited(path) {
        Ok(bytes) => Ok(Source::from_bytes((*shown).clone(), bytes)),
        Err(error) => Err(WorkspaceError::Unreadable { path: (*shown).clone(), error }),
    });
    let mut sources = Vec::with_capacity(results.len());
    let mut problems = Vec::new();
    for result in results {
        match result {
            Ok(source) => sources.push(source),
            Err(problem) => problems.push(problem),
        }
    }
    (sources, problems)
}

/// The nearest folder at or above `folder` that holds `.git`.
fn repository_of(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|it| it.join(".git").exists())
}

/// A path with `/` between its parts.
fn slashed(path: impl AsRef<Path>) -> String {
    let text = path.as_ref().to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

/// What a file is that is looked for.
fn role_of(name: &str, path: &Path) -> Option<Role> {
    if project::is_dockerfile(name) {
        return Some(Role::Dockerfile);
    }
    (may_define(name) && definitions::kind_of(&slashed(path)).is_some()).then_some(Role::Definition)
}

/// Whether a file of this name can be a build definition, as far as its ending tells.
fn may_define(name: &str) -> bool {
    match name.rsplit_once('.') {
        None => name.ends_with("file"),
        Some((_, ending)) => {
            ["yml", "yaml", "hcl", "json", "sh", "bash", "mk"].contains(&ending) || name == ".justfile"
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Dockerfile,
    Definition,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_from_the_working_directory() {
        let workspace = Workspace { cwd: "/home/me/repo/api".into(), repository: Some("/home/me/repo".into()) };
        for (path, shown) in [
            ("/home/me/repo/api", "."),
            ("/home/me/repo/api/Dockerfile", "Dockerfile"),
            ("/home/me/repo/api2/Dockerfile", "../api2/Dockerfile"),
            ("/home/me/repo", ".."),
            ("/home/me/other/Dockerfile", "/home/me/other/Dockerfile"),
        ] {
            assert_eq!(workspace.show(path), shown);
        }
        let root = Workspace { cwd: "/".into(), repository: None };
        assert_eq!(root.show("/srv/Dockerfile"), "srv/Dockerfile");
    }
}
