//! Finds Dockerfiles and build definitions as a developer expects: below folders, skipping what git skips.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::{DirEntry, WalkBuilder};

use super::{
    Role, Workspace, WorkspaceError, is_below,
    listing::{Listed, Listing, Listings},
    may_define, repository_of, role_of, slashed,
};
use crate::{
    build::Kind,
    definitions,
    project::{self, join, parent},
    settings::Settings,
    shell,
};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Dockerfiles: shown path and path on disk.
    pub dockerfiles: BTreeMap<String, PathBuf>,
    /// Build definitions, likewise.
    pub definitions: BTreeMap<String, PathBuf>,
    /// The folders out of which nothing is read.
    pub roots: BTreeSet<String>,
    /// What is in the folders that were listed.
    pub listings: Listings,
    /// The folders whose build definitions were looked for, and so were those of all folders above.
    pub surroundings: BTreeSet<String>,
    /// The root of each folder that was come by.
    pub roots_by_folder: BTreeMap<String, String>,
    /// The folders in which Dockerfiles are wanted, whatever their names.
    pub searched: BTreeSet<String>,
    /// What could not be read.
    pub problems: Vec<WorkspaceError>,
}

impl Workspace {
    /// Finds what a path from the command line names.
    pub(super) fn find(&self, given: &str, settings: &Arc<Settings>, found: &mut Found) {
        let path = join(&self.cwd, given);
        // The folder of a file is listed in any case, and tells that it is there.
        let folder = parent(&path);
        let is_plain = |it: &Listing| path.rsplit('/').next().and_then(|name| it.get(name)) == Some(Listed::File);
        if project::is_dockerfile(path.rsplit('/').next().unwrap_or_default())
            && found.listings.add(&folder).is_some_and(is_plain)
        {
            self.add_surroundings(&folder, found);
            found.dockerfiles.insert(self.show(&path), PathBuf::from(path));
            return;
        }
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => {
                let path = given.to_owned();
                found.problems.push(match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => WorkspaceError::Missing { path },
                    _ => WorkspaceError::Unreadable { path, error },
                });
                return;
            }
        };
        if metadata.is_dir() {
            self.add_surroundings(&path, found);
            self.walk(&path, settings, found);
            found.searched.insert(path);
        } else if let Some(dockerfile) = path.strip_suffix(".dockerignore").or(path.strip_suffix(".containerignore")) {
            // So does an ignore file: for the one whose name it has, or for all below its folder.
            if dockerfile.ends_with('/') {
                self.add_surroundings(&folder, found);
                self.walk(&folder, settings, found);
                found.searched.insert(folder);
            } else if Path::new(dockerfile).is_file() {
                self.add_surroundings(&folder, found);
                found.dockerfiles.insert(self.show(dockerfile), PathBuf::from(dockerfile));
            }
        } else if matches!(definitions::kind_of(&path), Some(Kind::Compose | Kind::Bake | Kind::Workflow)) {
            // Such a file stands for the Dockerfiles that it names.
            let folder = parent(&path);
            let root = self.root_of(&folder);
            found.searched.insert(root.clone());
            found.roots.insert(root);
            found.definitions.insert(self.show(&path), PathBuf::from(path));
        } else {
            self.add_surroundings(&folder, found);
            found.dockerfiles.insert(self.show(&path), PathBuf::from(path));
        }
    }

    /// Notes the root of a folder, and the build definitions from the folder up to that root.
    pub(super) fn add_surroundings(&self, folder: &str, found: &mut Found) {
        if found.surroundings.contains(folder) {
            return;
        }
        let root = self.known_root_of(folder, found);
        for above in folders_above(folder).take_while(|it| is_below(it, &root)) {
            // Where one file has been, another has been above, too.
            if !found.surroundings.insert(above.to_owned()) {
                break;
            }
            self.add_definitions(above, found);
        }
        let workflows = join(&root, ".github/workflows");
        if !found.surroundings.contains(&workflows) {
            self.add_definitions(&workflows, found);
            found.surroundings.insert(workflows);
        }
        found.roots.insert(root);
    }

    /// Notes the build definitions in a folder.
    fn add_definitions(&self, folder: &str, found: &mut Found) {
        let Some(listing) = found.listings.add(folder) else { return };
        for (name, listed) in listing.names() {
            let may_be_script = || listed == Listed::File && !name.contains('.');
            if listed == Listed::Folder || !may_define(name) && !may_be_script() {
                continue;
            }
            let path = join(folder, name);
            let is_file = || listed == Listed::File || Path::new(&path).is_file();
            if definitions::kind_of(&path).is_some() && is_file()
                || may_be_script() && is_shell_script(Path::new(&path))
            {
                found.definitions.insert(self.show(&path), PathBuf::from(path));
            }
        }
    }

    /// The same as [`Self::root_of`], which costs a look at each folder above unless one of them is known.
    fn known_root_of(&self, folder: &str, found: &mut Found) -> String {
        let mut passed = Vec::new();
        for above in folders_above(folder) {
            if let Some(root) = found.roots_by_folder.get(above).cloned() {
                found.roots_by_folder.extend(passed.into_iter().map(|it: &str| (it.to_owned(), root.clone())));
                return root;
            }
            // The first one will be listed in any case.
            let listing = if passed.is_empty() { found.listings.add(above) } else { found.listings.of(above) };
            let has_git = listing.map_or_else(|| Path::new(above).join(".git").exists(), |it| it.get(".git").is_some());
            if has_git {
                break;
            }
            passed.push(above);
        }
        let root = self.root_of(folder);
        let inside = passed.into_iter().chain([folder, root.as_str()]).filter(|it| is_below(it, &root));
        found.roots_by_folder.extend(inside.map(|it| (it.to_owned(), root.clone())));
        root
    }

    /// The folder that bounds what is read for `folder`: its repository; else the working directory, when it lies
    /// there; else itself.
    fn root_of(&self, folder: &str) -> String {
        match repository_of(Path::new(folder)) {
            Some(repository) => slashed(repository),
            None if is_below(folder, &self.cwd) => self.cwd.clone(),
            None => folder.to_owned(),
        }
    }

    /// Walks a folder, on one thread: the parallel walk lets idle threads sleep for a millisecond, which is as long
    /// as the whole run takes in most repositories.
    fn walk(&self, folder: &str, settings: &Arc<Settings>, found: &mut Found) {
        let (workspace, settings) = (self.clone(), settings.clone());
        let is_wanted = move |entry: &DirEntry| {
            let is_excluded =
                || !settings.exclude.is_empty() && settings.excludes(&workspace.show(&slashed(entry.path())));
            let name = entry.file_name().to_str();
            let is_foreign =
                || name.is_some_and(Settings::is_foreign) && entry.file_type().is_some_and(|it| it.is_dir());
            entry.depth() == 0 || name != Some(".git") && !is_foreign() && !is_excluded()
        };
        let root = fs::canonicalize(self.root_of(folder)).ok();
        for result in WalkBuilder::new(folder).hidden(false).filter_entry(is_wanted).build() {
            let entry = match result {
                Ok(entry) => entry,
                Err(error) => {
                    found.problems.extend(self.problem_of(error));
                    continue;
                }
            };
            let files = match role_of_entry(&entry, root.as_deref()) {
                Some(Role::Dockerfile) => &mut found.dockerfiles,
                Some(Role::Definition) => &mut found.definitions,
                None => continue,
            };
            files.insert(self.show(&slashed(entry.path())), entry.into_path());
        }
        // The order of a walk is that of the disk.
        found.problems.sort_by_key(ToString::to_string);
    }

    /// What is told of an error of the walk: folders that cannot be read, but not files that vanish meanwhile.
    fn problem_of(&self, error: ignore::Error) -> Option<WorkspaceError> {
        let path = path_of(&error).map(slashed);
        let path = path.map_or_else(|| "a folder".to_owned(), |it| self.show(&it));
        let error = error.into_io_error()?;
        // The error of the walk says again which path it is.
        let error = io::Error::from(error.kind());
        (error.kind() != io::ErrorKind::NotFound).then_some(WorkspaceError::Unreadable { path, error })
    }
}

/// A folder and those above it.
fn folders_above(folder: &str) -> impl Iterator<Item = &str> {
    Path::new(folder).ancestors().filter_map(Path::to_str)
}

/// What a file is by its name. A link is taken when it leads to a file below the root.
fn role_of_entry(entry: &DirEntry, root: Option<&Path>) -> Option<Role> {
    let name = entry.file_name().to_str()?;
    let kind = entry.file_type()?;
    let is_script = || kind.is_file() && !name.contains('.') && is_shell_script(entry.path());
    let role = role_of(name, entry.path()).or_else(|| is_script().then_some(Role::Definition))?;
    let leads_to_file = || {
        let real = fs::canonicalize(entry.path());
        real.is_ok_and(|it| it.is_file() && root.is_some_and(|root| it.starts_with(root)))
    };
    (kind.is_file() || kind.is_symlink() && leads_to_file()).then_some(role)
}

/// Whether a file whose name has no ending is a program for a shell. Few such files can be run, and of those that can
/// the first line is enough.
fn is_shell_script(path: &Path) -> bool {
    const LINE: u64 = 64;
    let first_line = || {
        let mut bytes = Vec::with_capacity(LINE as usize);
        fs::File::open(path)?.take(LINE).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    is_executable(path) && first_line().is_ok_and(|it| shell::is_for_shell(&String::from_utf8_lossy(&it)))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::symlink_metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_path: &Path) -> bool {
    true
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}
