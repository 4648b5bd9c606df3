//! Writes a changed project: all of it or nothing.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

use super::{WorkspaceError, disk::Disk};
use crate::{
    project::Project,
    source::{FileId, Source},
};

/// Makes a file that is not there yet.
pub fn create_file(path: &str, text: &str) -> Result<(), WorkspaceError> {
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => WorkspaceError::Exists { path: path.to_owned() },
        _ => WorkspaceError::Report { path: path.to_owned(), error },
    })
}

/// Makes files that are not there yet, programs among them: all of them or, with an error, none.
pub(super) fn create(disk: &Disk, files: &[(Source, bool)]) -> Result<(), WorkspaceError> {
    let mut plan = Vec::new();
    for (source, is_program) in files {
        plan.push(Planned { is_program: *is_program, ..plan_creation(disk, source)? });
    }
    write_all(plan.iter())
}

/// Writes a report that was asked for, and the folders it lies in.
pub fn write_report(path: &str, text: &str) -> Result<(), WorkspaceError> {
    let file = Path::new(path);
    let folders = file.parent().filter(|it| !it.as_os_str().is_empty()).map_or(Ok(()), fs::create_dir_all);
    folders
        .and_then(|()| fs::write(file, text))
        .map_err(|error| WorkspaceError::Report { path: path.to_owned(), error })
}

/// One file to be written.
struct Planned<'a> {
    /// Where it really is.
    path: PathBuf,
    after: &'a Source,
    /// What it holds now; `None` for a new file.
    before: Option<Original>,
    /// Whether a new file is to be executable.
    is_program: bool,
}

struct Original {
    bytes: Vec<u8>,
    permissions: Permissions,
}

/// Writes the files in which `after` differs from `before`, except the one that came from standard input.
/// Everything that can go wrong is looked for first; what goes wrong then is undone.
pub(super) fn write(disk: &Disk, before: &Project, after: &Project, stdin: Option<&str>) -> Result<(), WorkspaceError> {
    let mut plan: BTreeMap<PathBuf, Planned<'_>> = BTreeMap::new();
    for (at, new) in after.sources.iter().enumerate() {
        let old = before.sources.get(at);
        let is_inlined = after.is_inlined(FileId(at as u32));
        if stdin == Some(&new.path) || is_inlined || old.is_some_and(|it| it.text == new.text) {
            continue;
        }
        let one = match old {
            Some(old) => plan_change(disk, old, new)?,
            None => plan_creation(disk, new)?,
        };
        if plan.get(&one.path).is_some_and(|it| it.after.text != new.text) {
            return Err(WorkspaceError::Twice { path: new.path.clone() });
        }
        plan.insert(one.path.clone(), one);
    }
    write_all(plan.values())
}

/// Writes files one by one; what goes wrong is undone.
fn write_all<'a, 'b: 'a>(plan: impl Iterator<Item = &'a Planned<'b>>) -> Result<(), WorkspaceError> {
    let mut done: Vec<&Planned<'_>> = Vec::new();
    let mut folders = Vec::new();
    for one in plan {
        if let Err(error) = one.write(&mut folders) {
            let path = one.after.path.clone();
            let left: Vec<_> = done.iter().rev().filter(|it| it.undo().is_err()).collect();
            for folder in folders.iter().rev() {
                // It was empty before, and is again unless someone else writes there.
                let _ = fs::remove_dir(folder);
            }
            if left.is_empty() {
                return Err(WorkspaceError::Unwritable { path, error });
            }
            let left = left.iter().map(|it| it.after.path.as_str()).collect::<Vec<_>>().join(", ");
            return Err(WorkspaceError::HalfWritten { path, error, left });
        }
        done.push(one);
    }
    Ok(())
}

fn plan_change<'a>(disk: &Disk, old: &Source, new: &'a Source) -> Result<Planned<'a>, WorkspaceError> {
    let path = || new.path.clone();
    let unreadable = |error| WorkspaceError::Unreadable { path: path(), error };
    if !old.is_utf8 {
        return Err(WorkspaceError::NotUtf8 { path: path() });
    }
    // A link is written through, never replaced by a file.
    let real = fs::canonicalize(disk.absolute(&old.path)).map_err(unreadable)?;
    if !disk.holds(&real) {
        return Err(WorkspaceError::Outside { path: path() });
    }
    let bytes = fs::read(&real).map_err(unreadable)?;
    if bytes != old.text.as_bytes() {
        return Err(WorkspaceError::Changed { path: path() });
    }
    let permissions = fs::metadata(&real).map_err(unreadable)?.permissions();
    // A rename would get around it.
    if permissions.readonly() {
        let error = io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only");
        return Err(WorkspaceError::Unwritable { path: path(), error });
    }
    Ok(Planned { path: real, after: new, before: Some(Original { bytes, permissions }), is_program: false })
}

fn plan_creation<'a>(disk: &Disk, new: &'a Source) -> Result<Planned<'a>, WorkspaceError> {
    let path = disk.absolute(&new.path);
    if fs::symlink_metadata(&path).is_ok() {
        return Err(WorkspaceError::Exists { path: new.path.clone() });
    }
    let real_parent = path.ancestors().skip(1).find_map(|it| fs::canonicalize(it).ok());
    if real_parent.is_none_or(|it| !disk.holds(&it)) {
        return Err(WorkspaceError::Outside { path: new.path.clone() });
    }
    Ok(Planned { path, after: new, before: None, is_program: false })
}

impl Planned<'_> {
    /// Writes the file; folders that had to be made for it are noted.
    fn write(&self, folders: &mut Vec<PathBuf>) -> io::Result<()> {
        let text = self.after.text.as_bytes();
        if let Some(before) = &self.before {
            return replace(&self.path, text, &before.permissions);
        }
        let folder = folder_of(&self.path);
        let missing: Vec<_> = folder.ancestors().take_while(|it| !it.exists()).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder)?;
            folders.push(folder.to_owned());
        }
        let file = filled(new_file_settings(&mut Builder::new(), self.is_program), folder, text)?;
        file.persist_noclobber(&self.path)?;
        Ok(())
    }

    fn undo(&self) -> io::Result<()> {
        match &self.before {
            Some(before) => replace(&self.path, &before.bytes, &before.permissions),
            None => fs::remove_file(&self.path),
        }
    }
}

fn replace(path: &Path, bytes: &[u8], permissions: &Permissions) -> io::Result<()> {
    let file = filled(&mut Builder::new(), folder_of(path), bytes)?;
    file.as_file().set_permissions(permissions.clone())?;
    file.persist(path)?;
    Ok(())
}

/// A temporary file beside the one that it is to become.
fn filled(builder: &mut Builder<'_, '_>, folder: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = builder.prefix(".dockopt-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Temporary files are private; a new file gets what the user's mask leaves of the usual permissions.
#[cfg(unix)]
fn new_file_settings<'a, 'b, 'c>(builder: &'c mut Builder<'a, 'b>, is_program: bool) -> &'c mut Builder<'a, 'b> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(Permissions::from_mode(if is_program { 0o777 } else { 0o666 }))
}

#[cfg(not(unix))]
fn new_file_settings<'a, 'b, 'c>(builder: &'c mut Builder<'a, 'b>, _is_program: bool) -> &'c mut Builder<'a, 'b> {
    builder
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc};

    use super::*;
    use crate::{
        settings::Settings,
        workspace::{Workspace, listing::Listings},
    };

    /// A folder with `Dockerfile` (`FROM a`) and `api/Dockerfile` (`FROM b`), and the project of the two.
    fn project() -> (tempfile::TempDir, Arc<Disk>, Project) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("api")).unwrap();
        fs::write(folder.path().join("Dockerfile"), "FROM a\n").unwrap();
        fs::write(folder.path().join("api/Dockerfile"), "FROM b\n").unwrap();
        let root = folder.path().to_string_lossy().into_owned();
        let workspace = Workspace { cwd: root.clone(), repository: None };
        let disk = Arc::new(Disk::new(workspace, &BTreeSet::from([root]), Listings::default()));
        let sources = vec![Source::new("Dockerfile", "FROM a\n"), Source::new("api/Dockerfile", "FROM b\n")];
        let project = Project::of(
            sources,
            crate::definitions::Definitions::default(),
            Arc::new(Settings::default()),
            disk.clone(),
        );
        (folder, disk, project)
    }

    fn with(project: &Project, texts: &[(&str, &str)]) -> Project {
        let mut after = project.clone();
        for (path, text) in texts {
            let new = Source::new(*path, *text);
            match after.sources.iter_mut().find(|it| it.path == *path) {
                Some(source) => *source = new,
                None => after.sources.push(new),
            }
        }
        after
    }

    #[test]
    fn changes_and_new_files_are_written() {
        let (folder, disk, before) = project();
        let after = with(&before, &[("Dockerfile", "FROM c\n"), ("new/base/Dockerfile", "FROM d\n")]);
        write(&disk, &before, &after, None).unwrap();
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
        assert_eq!(read("Dockerfile"), "FROM c\n");
        assert_eq!(read("api/Dockerfile"), "FROM b\n");
        assert_eq!(read("new/base/Dockerfile"), "FROM d\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_failure_puts_everything_back() {
        let (folder, disk, before) = project();
        // The folder of the last file is a file, which shows only when it is written.
        let after = with(&before, &[("Dockerfile", "FROM c\n"), ("a/x", "x"), ("api/Dockerfile/x", "x")]);
        let error = write(&disk, &before, &after, None).unwrap_err();
        assert!(matches!(error, WorkspaceError::Unwritable { .. }), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).unwrap(), "FROM a\n");
        assert!(!folder.path().join("a").exists());
    }

    #[test]
    fn what_has_changed_is_left_alone() {
        let (folder, disk, before) = project();
        let after = with(&before, &[("Dockerfile", "FROM c\n"), ("api/Dockerfile", "FROM c\n")]);
        fs::write(folder.path().join("api/Dockerfile"), "FROM mine\n").unwrap();
        let error = write(&disk, &before, &after, None).unwrap_err();
        assert!(matches!(error, WorkspaceError::Changed { path } if path == "api/Dockerfile"));
        assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).unwrap(), "FROM a\n");
        let after = with(&before, &[("new", "x")]);
        fs::write(folder.path().join("new"), "mine").unwrap();
        let error = write(&disk, &before, &after, None).unwrap_err();
        assert!(matches!(error, WorkspaceError::Exists { path } if path == "new"));
    }

    #[test]
    fn standard_input_and_odd_bytes_are_never_written() {
        let (folder, disk, mut before) = project();
        let after = with(&before, &[("Dockerfile", "FROM c\n")]);
        write(&disk, &before, &after, Some("Dockerfile")).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("Dockerfile")).unwrap(), "FROM a\n");
        before.sources[0] = Source::from_bytes("Dockerfile", b"FROM \xe4\n".to_vec());
        let error = write(&disk, &before, &after, None).unwrap_err();
        assert!(matches!(error, WorkspaceError::NotUtf8 { .. }));
    }

    #[cfg(unix)]
    #[test]
    fn modes_stay_and_links_are_written_through() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (folder, disk, before) = project();
        let path = |name: &str| folder.path().join(name);
        fs::set_permissions(path("Dockerfile"), Permissions::from_mode(0o640)).unwrap();
        fs::rename(path("api/Dockerfile"), path("api/real")).unwrap();
        symlink("real", path("api/Dockerfile")).unwrap();
        let after = with(&before, &[("Dockerfile", "FROM c\n"), ("api/Dockerfile", "FROM d\n")]);
        write(&disk, &before, &after, None).unwrap();
        assert_eq!(fs::metadata(path("Dockerfile")).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(path("api/Dockerfile")).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(path("api/real")).unwrap(), "FROM d\n");

        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::write(outside.path(), "FROM c\n").unwrap();
        fs::remove_file(path("Dockerfile")).unwrap();
        symlink(outside.path(), path("Dockerfile")).unwrap();
        let error = write(&disk, &after, &before, None).unwrap_err();
        assert!(matches!(error, WorkspaceError::Outside { .. }));
        assert_eq!(fs::read_to_string(outside.path()).unwrap(), "FROM c\n");
    }
}
