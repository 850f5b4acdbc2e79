//! Conditional requests (RFC 9110, 13): what `If-Match` and `If-None-Match` name. Whether a revision is the current one is
//! decided by the service that keeps it.
//!
//! Whatever has no revisions is compared by nobody when it is changed, so its tags are weak: they say whether an answer is known,
//! and match no `If-Match`. `*` holds wherever there is something to get.

use axum::http::{HeaderMap, HeaderName, header};

/// For which state of the resource a change is asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Any that it has.
    Any,
    /// With one of these revisions.
    Revisions(Vec<u32>),
}

/// What a condition names.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// `*`
    Any,
    Tags(Vec<Tag>),
    /// It is neither; nothing matches it.
    Nothing,
}

#[derive(Debug, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    /// Without its quotes.
    text: String,
}

/// The tag of an answer. Whoever reads it again asks whether anything of it is new; whoever changes what has revisions says the
/// revision.
pub(crate) fn tag(revision: Option<u32>, digest: u64) -> String {
    match revision {
        Some(revision) => format!("\"{revision}-{digest:016x}\""),
        None => format!("W/\"{digest:016x}\""),
    }
}

/// Whether `If-None-Match` names what is there: compared weakly, since a proxy that compresses weakens a tag.
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let text = tag.trim_start_matches("W/").trim_matches('"');
    match named(headers, &header::IF_NONE_MATCH) {
        Some(Named::Any) => true,
        Some(Named::Tags(tags)) => tags.iter().any(|known| known.text == text),
        Some(Named::Nothing) | None => false,
    }
}

/// What `If-Match` asks for, where it is there. Tags are compared strongly.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Asked> {
    Some(match named(headers, &header::IF_MATCH)? {
        Named::Any => Asked::Any,
        Named::Tags(tags) => {
            let strong = tags.iter().filter(|tag| !tag.is_weak);
            Asked::Revisions(strong.filter_map(|tag| revision(&tag.text)).collect())
        }
        Named::Nothing => Asked::Revisions(Vec::new()),
    })
}

/// `7-…` of an answer, or `7`.
fn revision(tag: &str) -> Option<u32> {
    let (revision, digest) = tag.split_once('-').unwrap_or((tag, ""));
    let is_number = !revision.starts_with('+') && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_number { revision.parse().ok() } else { None }
}

fn named(headers: &HeaderMap, name: &HeaderName) -> Option<Named> {
    let mut lines = headers.get_all(name).iter().peekable();
    lines.peek()?;
    let lines: Option<Vec<&str>> = lines.map(|line| line.to_str().ok()).collect();
    let Some(lines) = lines else { return Some(Named::Nothing) };
    // Lines of one name are one list.
    let list = lines.join(",");
    if list.trim() == "*" {
        return Some(Named::Any);
    }
    Some(tags(&list).map_or(Named::Nothing, Named::Tags))
}

/// A list of tags, in which a tag may have commas.
fn tags(mut list: &str) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    loop {
        list = list.trim_start_matches([' ', '\t', ',']);
        if list.is_empty() {
            return Some(tags);
        }
        let weak = list.strip_prefix("W/");
        let (text, rest) = weak.unwrap_or(list).strip_prefix('"')?.split_once('"')?;
        if !rest.trim_start_matches([' ', '\t']).starts_with(',') && !rest.trim().is_empty() {
            return None;
        }
        tags.push(Tag { is_weak: weak.is_some(), text: text.to_owned() });
        list = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn an_answer_is_known_by_its_tag_weakly_and_by_any() {
        let tag = tag(Some(7), 0xab);
        assert_eq!(tag, "\"7-00000000000000ab\"");
        for (lines, known) in [
            (&["\"7-00000000000000ab\""][..], true),
            (&["W/\"7-00000000000000ab\""], true),
            (&["*"], true),
            (&["\"x,y\" , \"7-00000000000000ab\""], true),
            (&["\"x\"", "\"7-00000000000000ab\""], true),
            (&["\"x,7-00000000000000ab\""], false),
            (&["7-00000000000000ab"], false),
            (&["\"7-00000000000000ab"], false),
            (&["\"8-00000000000000ab\""], false),
            (&[""], false),
            (&[], false),
        ] {
            assert_eq!(is_known(&with(header::IF_NONE_MATCH, lines), &tag), known, "{lines:?}");
        }
        let weak = super::tag(None, 0xab);
        assert_eq!(weak, "W/\"00000000000000ab\"");
        for known in [&weak[..], &weak[2..]] {
            assert!(is_known(&with(header::IF_NONE_MATCH, &[known]), &weak), "{known}");
        }
    }

    #[test]
    fn if_match_names_revisions_strongly() {
        let revisions = |all: &[u32]| Some(Asked::Revisions(all.to_vec()));
        for (lines, named) in [
            (&[][..], None),
            (&["*"], Some(Asked::Any)),
            (&["\"7-00000000000000ab\""], revisions(&[7])),
            (&["\"7\", \"8-ab\""], revisions(&[7, 8])),
            (&["\"7\"", "\"8\""], revisions(&[7, 8])),
            (&["W/\"7-ab\""], revisions(&[])),
            (&["\"00000000000000ab\""], revisions(&[])),
            (&["\"+7\""], revisions(&[])),
            (&["\"7-x\""], revisions(&[])),
            (&["7"], revisions(&[])),
            (&["\"7\" \"8\""], revisions(&[])),
            (&[""], revisions(&[])),
        ] {
            assert_eq!(asked(&with(header::IF_MATCH, lines)), named, "{lines:?}");
        }
    }
}
