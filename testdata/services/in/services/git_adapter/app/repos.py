from pathlib import Path

from git import InvalidGitRepositoryError, NoSuchPathError, Repo


class UnknownRepo(Exception):
    pass


def open_repo(base: Path, name: str) -> Repo:
    root = base.resolve()
    path = (root / name).resolve()
    if path.parent != root:
        raise UnknownRepo(name)
    try:
        return Repo(path)
    except (InvalidGitRepositoryError, NoSuchPathError) as err:
        raise UnknownRepo(name) from err


def latest_commits(repo: Repo, limit: int) -> list[dict[str, str]]:
    if not repo.head.is_valid():
        return []
    return [
        {
            "sha": commit.hexsha,
            "author": str(commit.author),
            "date": commit.committed_datetime.isoformat(),
            "subject": str(commit.summary),
        }
        for commit in repo.iter_commits(max_count=limit)
    ]
