FROM rust:1.95-bookworm AS build
WORKDIR /plyo
COPY . .
RUN cargo build --release -p plyo

FROM debian:bookworm-slim
COPY --from=build /plyo/target/release/plyo /usr/local/bin/plyo
USER nobody
ENTRYPOINT ["plyo"]
