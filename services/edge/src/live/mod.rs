//! Live delivery: WebSocket at `/api/v1/live`, server-sent events at `/api/v1/events`.
//!
//! A client gets every event about its user (topic `me`), in order, once, and what is announced to everybody (topic
//! `announcements`). It resumes from a cursor, `<epoch>.<sequence>`, opaque to it: without a gap while the cursor lies
//! within the recent events that an edge keeps, otherwise with an explicit `reset`. Cursors are good on every edge.
//!
//! # Frames
//!
//! JSON text, or MessagePack maps in binary frames when the client's `hello` is one. `t` says which, `n` is the client's
//! number that the answer repeats.
//!
//! | client | |
//! |---|---|
//! | `hello{token, cursor?, subs?}` | first, within 5 s; `subs` defaults to `["me"]` |
//! | `sub{n, topic}` `unsub{n, topic}` | |
//! | `cmd{n, key?, type, data}` | a command, as `workout.log.v1` with the body that HTTP takes; `key` is its Idempotency-Key |
//! | `auth{n, token}` | a new access token, for a socket that outlives the old one |
//! | `ack{c}` `pong{}` | `pong` answers `ping` |
//!
//! | server | |
//! |---|---|
//! | `welcome{session, heartbeat_ms, head, resume{mode, why?}}` | `mode`: `live`, `replay`, or `reset` with `why`: `malformed`, `epoch`, `future`, `too_old` |
//! | `evt{c, p, id, type, at, topic, data, cid}` | `c` is its cursor, `p` the cursor sent before it: a gap shows at once |
//! | `ready{c, replayed}` | what was missed has been sent |
//! | `ping{c}` | every 25 s; `c` is a checkpoint, so that a quiet client's cursor does not age |
//! | `eph{topic, data}` | announced now, kept by nobody |
//! | `ok{n, result?}` `err{n, code, temporary, problem?}` | |
//! | `auth_req{}` | the token expires within a minute |
//! | `bye{code, reason, retry_ms, resume}` | before the socket is closed |
//!
//! # Close codes
//!
//! | code | | reconnect |
//! |---|---|---|
//! | 4000 | the edge goes away | and resume |
//! | 4401 | the token expired | with a new token |
//! | 4408 | no `hello` within 5 s | |
//! | 4409 | no `pong` to two pings | and resume |
//! | 4410 | too slow: fell behind the recent events | and resume, which will be a `reset` |
//! | 4500 | a frame that is no frame | no |
//! | 4501 | the token is not valid | no |
//! | 4502 | the session was ended | no |
//! | 4503 | too many frames of unknown types | no |
//! | 1009 | a frame of more than 64 KiB | no |
//!
//! A foreign `Origin` is refused with 403 before there is a socket.

mod frames;
mod hub;
mod ring;
mod socket;
mod sse;

use axum::{Router, routing::get};
pub(crate) use hub::Hub;

use crate::EdgeState;

pub(crate) fn router() -> Router<EdgeState> {
    Router::new().route("/live", get(socket::upgrade)).route("/events", get(sse::stream))
}
