//! Conditional requests (RFC 9110, 13): what `If-Match` and `If-None-Match` name. Whether a revision is the current one is
//! decided by the service that keeps it.

use axum::http::{HeaderMap, HeaderName, header};

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

/// The tag of the answer about something with revisions: whoever changes it says the revision, whoever reads it again asks
/// whether anything of the answer is new.
pub(crate) fn tag(revision: Option<u32>, digest: u64) -> String {
    match revision {
        Some(revision) => format!("\"{revision}-{digest:016x}\""),
        None => format!("\"{digest:016x}\""),
    }
}

/// Whether `If-None-Match` names what is there: compared weakly, since a proxy that compresses weakens a tag.
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    match named(headers, &header::IF_NONE_MATCH) {
        Some(Named::Any) => true,
        Some(Named::Tags(tags)) => tags.iter().any(|known| known.text == tag.trim_matches('"')),
        Some(Named::Nothing) | None => false,
    }
}

/// The revisions that `If-Match` names, which are compared strongly; `None` where it asks for none.
pub(crate) fn revisions(headers: &HeaderMap) -> Option<Vec<u32>> {
    match named(headers, &header::IF_MATCH)? {
        Named::Any => None,
        Named::Tags(tags) => {
            Some(tags.iter().filter(|tag| !tag.is_weak).filter_map(|tag| revision(&tag.text)).collect())
        }
        Named::Nothing => Some(Vec::new()),
    }
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
    }

    #[test]
    fn if_match_names_revisions_strongly() {
        for (lines, named) in [
            (&[][..], None),
            (&["*"], None),
            (&["\"7-00000000000000ab\""], Some(vec![7])),
            (&["\"7\", \"8-ab\""], Some(vec![7, 8])),
            (&["\"7\"", "\"8\""], Some(vec![7, 8])),
            (&["W/\"7-ab\""], Some(vec![])),
            (&["\"00000000000000ab\""], Some(vec![])),
            (&["\"+7\""], Some(vec![])),
            (&["\"7-x\""], Some(vec![])),
            (&["7"], Some(vec![])),
            (&["\"7\" \"8\""], Some(vec![])),
            (&[""], Some(vec![])),
        ] {
            assert_eq!(revisions(&with(header::IF_MATCH, lines)), named, "{lines:?}");
        }
    }
}
