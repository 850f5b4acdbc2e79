//! What a request comes from, coarsely. `User-Agent` is personal in detail, so only a few words of it are known; the rest goes no
//! further.

use axum::http::{HeaderMap, header};
use plyo_events::user::Device;

/// The first that is found: each also says what it is compatible with.
const PROGRAMS: [(&str, &str); 11] = [
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser/", "Samsung Internet"),
    ("firefox/", "Firefox"),
    ("fxios/", "Firefox"),
    ("chrome/", "Chrome"),
    ("crios/", "Chrome"),
    ("safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
    ("plyo", "Plyo"),
];
const SYSTEMS: [(&str, &str); 8] = [
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("cros ", "ChromeOS"),
    ("macintosh", "macOS"),
    ("mac os", "macOS"),
    ("linux", "Linux"),
];

/// `Firefox on Linux`; `None` where neither is known.
pub(crate) fn of(headers: &HeaderMap) -> Option<Device> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?.to_ascii_lowercase();
    let known = |words: &[(&str, &'static str)]| {
        words.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| (*name).to_owned())
    };
    let device = match (known(&PROGRAMS), known(&SYSTEMS)) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    device.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_what_everybody_calls_it_and_says_nothing_else() {
        let chrome = "(KHTML, like Gecko) Chrome/141.0.0.0";
        let agents = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", Some("Firefox on Linux")),
            (
                &format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {chrome} Safari/537.36"),
                Some("Chrome on Windows"),
            ),
            (
                &format!("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 {chrome} Safari/537.36 Edg/141.0.0.0"),
                Some("Edge on Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
                Some("Safari on iPhone"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/141.0.0.0 Mobile Safari/537.36",
                Some("Chrome on Android"),
            ),
            ("curl/8.14.1", Some("curl")),
            ("ada@example.org", None),
            ("", None),
        ];
        for (agent, device) in agents {
            let headers = HeaderMap::from_iter([(header::USER_AGENT, agent.parse().unwrap())]);
            assert_eq!(of(&headers).as_ref().map(Device::as_str), device, "{agent}");
        }
        assert_eq!(of(&HeaderMap::new()), None);
    }
}
