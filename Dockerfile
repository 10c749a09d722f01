FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/packages.txt scripts/install-packages scripts/
RUN scripts/install-packages build
COPY . .
RUN cmake --preset release && cmake --build --preset release && strip build/release/faregate

FROM debian:bookworm-slim
COPY scripts/packages.txt scripts/install-packages /tmp/scripts/
RUN /tmp/scripts/install-packages runtime && rm -rf /tmp/scripts /var/lib/apt/lists/*
RUN useradd --system --create-home --home-dir /var/lib/faregate --shell /usr/sbin/nologin faregate
COPY --from=build /src/build/release/faregate /usr/local/bin/faregate
COPY LICENSE /usr/share/doc/faregate/LICENSE

USER faregate
WORKDIR /var/lib/faregate
ENV FAREGATE_LISTEN=0.0.0.0:8080 FAREGATE_DATA_DIR=/var/lib/faregate
# The journal: what PostgreSQL has not got yet is only here.
VOLUME /var/lib/faregate
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD curl --silent --fail --output /dev/null http://127.0.0.1:8080/readyz
# Docker waits 10 s before it kills; give it more: docker run --stop-timeout 60.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/faregate"]
CMD ["serve"]
