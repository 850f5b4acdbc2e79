//! What stands in `Authorization`: of a session, or a personal access token.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use plyo_edge::inside::Tokens;

/// The public key of RFC 8037, appendix A.1: its private one is public, too, and signs nothing of ours.
const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","alg":"EdDSA","use":"sig",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| Tokens::new(JWKS));

fuzz_target!(|authorization: &[u8]| {
    assert!(!TOKENS.is_good(authorization), "a token that nobody has signed names a caller");
});
