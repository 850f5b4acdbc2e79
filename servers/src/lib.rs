//! Private nats-server, Postgres and Redis as child processes: for `plyo up`, for the tests and for the benchmarks.
//! Free ports on loopback, own data directories; what is started here ends with the process that started it.

mod nats_server;
pub mod nkeys;
pub mod permissions;
mod postgres;
mod process;
mod redis;
pub mod secrets;

pub use nats_server::{Durability, NatsServer};
pub use permissions::Access;
pub use postgres::{Postgres, program as postgres_program};
pub use process::free_port;
pub use redis::Redis;
