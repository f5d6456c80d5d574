//! Checks whether another user could change the content of a directory.

use super::Look;

const STICKY: u32 = 0o1000;
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const ROOT: u32 = 0;

/// Why a directory, a symbolic link or a file is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distrust {
    /// It belongs to another user.
    Owner,
    /// Another user may write to it.
    Writable,
}

/// Checks a directory on a path: it must belong to root or to our user, and only its owner may write to it. In a directory of root with the
/// sticky bit, such as `/tmp`, others may add names, but not change ours. A group whose only member is our user is trusted.
pub(super) fn way(look: &Look, us: u32) -> Result<(), Distrust> {
    owner(look, us)?;
    let sticky = look.mode & STICKY != 0 && look.owner == ROOT;
    if !sticky && is_written_by_others(look, us) { Err(Distrust::Writable) } else { Ok(()) }
}

/// Checks that something belongs to root or to our user. The permissions of a symbolic link have no meaning.
pub(super) fn owner(look: &Look, us: u32) -> Result<(), Distrust> {
    if look.owner == ROOT || look.owner == us { Ok(()) } else { Err(Distrust::Owner) }
}

/// Checks the target of a path, a directory or a file: it must belong to our user, or to root if that is allowed, and only its owner may
/// write to it.
pub(super) fn end(look: &Look, us: u32, roots_too: bool) -> Result<(), Distrust> {
    if look.owner != us && !(roots_too && look.owner == ROOT) {
        return Err(Distrust::Owner);
    }
    if is_written_by_others(look, us) { Err(Distrust::Writable) } else { Ok(()) }
}

fn is_written_by_others(look: &Look, us: u32) -> bool {
    let ours_alone = || look.mode & OTHERS_WRITE == 0 && is_private_group(look.group, us);
    look.mode & (GROUP_WRITES | OTHERS_WRITE) != 0 && !ours_alone()
}

/// Many systems have a group for each user, with the same number, that may write to the user's files.
fn is_private_group(group: u32, us: u32) -> bool {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    group == us && group != ROOT && has_one_member(&read("/etc/group"), &read("/etc/passwd"), group)
}

/// Returns whether, in these files of groups and users, the group with this number has only the user with this number as a member.
fn has_one_member(groups: &str, users: &str, number: u32) -> bool {
    let number = number.to_string();
    let mut in_group = users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, user) = (fields.next()?, fields.nth(1)?);
        (fields.next()? == number).then_some((name, user))
    });
    let Some((name, user)) = in_group.next() else { return false };
    let mut lines = groups.lines().filter_map(|line| {
        let mut fields = line.split(':');
        (fields.nth(2)? == number).then(|| fields.next().unwrap_or_default())
    });
    let Some(members) = lines.next() else { return false };
    let alone = in_group.next().is_none() && lines.next().is_none();
    alone && user == number && members.split(',').all(|member| member.is_empty() || member == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::private::Identity;

    fn look(owner: u32, mode: u32) -> Look {
        Look { identity: Identity { device: 1, inode: 1 }, owner, group: 7, mode }
    }

    #[test]
    fn a_way_is_trusted_if_nobody_else_can_change_it() {
        for (owner, mode, expected) in [
            (0, 0o755, Ok(())),
            (1000, 0o700, Ok(())),
            (1000, 0o755, Ok(())),
            (0, 0o1777, Ok(())),
            (1001, 0o755, Err(Distrust::Owner)),
            (1001, 0o1777, Err(Distrust::Owner)),
            (1000, 0o1777, Err(Distrust::Writable)),
            (0, 0o777, Err(Distrust::Writable)),
            (0, 0o775, Err(Distrust::Writable)),
            (1000, 0o757, Err(Distrust::Writable)),
        ] {
            assert_eq!(way(&look(owner, mode), 1000), expected, "{owner} {mode:o}");
        }
    }

    #[test]
    fn what_is_to_be_ours_is_not_roots_either() {
        assert_eq!(end(&look(1000, 0o755), 1000, false), Ok(()));
        assert_eq!(end(&look(0, 0o700), 1000, false), Err(Distrust::Owner));
        assert_eq!(end(&look(0, 0o700), 1000, true), Ok(()));
        for roots_too in [false, true] {
            let others = end(&look(1000, 0o700), 0, roots_too);
            assert_eq!(others, Err(Distrust::Owner), "a worker that runs as root trusts no other user");
            assert_eq!(end(&look(1000, 0o1777), 1000, roots_too), Err(Distrust::Writable));
        }
    }

    #[test]
    fn a_group_is_private_if_the_files_say_that_it_has_one_member() {
        let users = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";
        assert!(has_one_member("ann:x:1000:\n", users, 1000));
        assert!(has_one_member("ann:x:1000:ann\n", users, 1000));
        assert!(!has_one_member("ann:x:1000:bob\n", users, 1000));
        assert!(!has_one_member("ann:x:1000:ann,bob\n", users, 1000));
        assert!(!has_one_member("", users, 1000), "a group that is kept elsewhere");
        assert!(!has_one_member("ann:x:1000:\nmore:x:1000:bob\n", users, 1000));
        assert!(!has_one_member("ann:x:1000:\n", "", 1000), "a user that is kept elsewhere");
        let both = format!("{users}eve:x:1002:1000::/:/bin/sh\n");
        assert!(!has_one_member("ann:x:1000:\n", &both, 1000), "it is the first group of another user");
    }
}
