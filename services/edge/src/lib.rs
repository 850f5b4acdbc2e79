//! HTTP, WebSocket and SSE edge of Plyo.
