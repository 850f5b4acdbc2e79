//! Ways to log in that take more than a request: what they say to who has none of it. The rest is in their own stories.

use serde_json::json;

use super::Walker;

const NOBODYS: [&str; 1] = ["01990000-0000-7000-8000-000000000000"];

pub(super) async fn passkeys(ada: &mut Walker) {
    let password = json!({ "password": "long enough" });
    ada.call("POST", "/auth/passkeys/options", &[], Some(password.clone()), 200).await;
    let wrong = json!({ "name": "A key", "credential": {} });
    ada.call("POST", "/auth/passkeys", &[], Some(wrong), 422).await;
    assert_eq!(ada.get("/auth/passkeys", &[]).await, json!([]));
    ada.call("POST", "/auth/passkeys/{id}/remove", &NOBODYS, Some(password), 404).await;
    ada.call("POST", "/auth/passkeys/login/options", &[], None, 200).await;
    ada.call("POST", "/auth/passkeys/login", &[], Some(json!({ "credential": {} })), 422).await;
}

pub(super) async fn providers(ada: &mut Walker) {
    let password = json!({ "password": "long enough" });
    let returned = json!({ "code": "a code", "state": "a state", "secret": "a secret" });
    assert_eq!(ada.get("/auth/oidc", &[]).await, json!([]), "the operator has named none");
    ada.call("POST", "/auth/oidc/{provider}/login/start", &["google"], None, 404).await;
    ada.call("POST", "/auth/oidc/{provider}/login", &["google"], Some(returned.clone()), 404).await;
    ada.call("POST", "/auth/oidc/{provider}/link/start", &["google"], Some(password.clone()), 404).await;
    ada.call("POST", "/auth/oidc/{provider}/link", &["google"], Some(returned), 404).await;
    assert_eq!(ada.get("/auth/links", &[]).await, json!([]));
    ada.call("POST", "/auth/links/{id}/remove", &NOBODYS, Some(password), 404).await;
}
