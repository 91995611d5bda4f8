FROM swift:6.3-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# Debian's own fixes to SQLite are wanted, whatever their version.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libsqlite3-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
ARG COMMIT=unknown
# Other people's packages stay compiled in the builder's cache. The final image gets the program, and of the libraries
# that it needs those that are not there.
RUN --mount=type=cache,id=token-broker-build,target=/source/.build,sharing=locked \
    export TOKEN_BROKER_COMMIT="$COMMIT" \
    && build() { swift build --configuration release --static-swift-stdlib "$@"; } \
    && build --product token-broker \
    && program=$(build --show-bin-path)/token-broker \
    && install -D --strip "$program" /image/usr/bin/token-broker \
    && libraries=/image/usr/lib/$(gcc -dumpmachine) \
    && mkdir -p "$libraries" \
    && ldd "$program" | awk '/libsqlite3|libz\./ { print $3 }' | xargs install --mode 0644 --target-directory "$libraries" \
    && install --directory --mode 0770 /image/data

FROM gcr.io/distroless/cc-debian12:nonroot
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="token-broker" \
    org.opencontainers.image.description="Mints and caches Sinch access tokens, and hands them to internal services" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /image /
# The listeners are reached through the container's own network: publish them to loopback, or put TLS in front.
# hadolint ignore=DL3064
ENV TOKEN_BROKER_DATA_DIR=/data \
    TOKEN_BROKER_LISTEN=*:8787,unix:client.sock \
    TOKEN_BROKER_OPS_LISTEN=*:8788 \
    TOKEN_BROKER_ALLOW_PLAINTEXT=true \
    SWIFT_BACKTRACE=enable=no
EXPOSE 8787 8788
VOLUME /data
# Any user will do, in group 0, which may write to a new volume.
USER 65532:0
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/bin/token-broker", "healthcheck"]
ENTRYPOINT ["/usr/bin/token-broker"]
CMD ["serve", "--init"]
