# One file, one target per service. Images share layers: all start from the same base, all with data libraries share
# these, all with models share MLflow and scikit-learn, and each adds only its own. The pins of stacked layers come from
# one resolution (requirements/dev.txt), so a later layer adds files and never replaces any. Scoring has its own
# resolution (docs/decisions/0019), so it builds on `core`, not on `model`.
#
# The installer is mounted while it runs and stays in no layer. Installed files belong to root and are read-only for the
# user that runs everything.

ARG PYTHON_IMAGE
ARG CADDY_IMAGE

FROM ${CADDY_IMAGE} AS caddy-published

FROM ${PYTHON_IMAGE} AS installer
COPY requirements/installer.txt /tmp/installer.txt
RUN python3 -m venv /opt/installer \
 && /opt/installer/bin/pip install --quiet --no-cache-dir --require-hashes -r /tmp/installer.txt

# --- what all images share ----------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS base
# Every mount point of a volume is made here and owned by our user, because a new volume takes its owner from the image:
# /var/lib/callwise for data, /run/callwise for accounts, and for secrets /run/secrets, or in the container that makes
# them a folder for each service.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin callwise \
 && python3 -m venv --without-pip /opt/venv \
 && for name in backup-scratch backups caddy evidently mlflow prefect registry s3 spool; do mkdir -p "/var/lib/callwise/$name"; done \
 && for name in api app backup bootstrap mlflow mlserver monitor prefect-worker; do mkdir -p "/run/callwise/$name"; done \
 && for name in store accounts api app backup bootstrap caddy mlserver mongo monitor prefect prefect-worker restore s3 score; do \
      mkdir -p -m 0750 "/var/lib/callwise/secrets/$name"; done \
 && mkdir -p -m 0750 /run/secrets \
 && chown -R callwise:callwise /var/lib/callwise /run/callwise /run/secrets
ENV PATH=/opt/venv/bin:$PATH \
    VIRTUAL_ENV=/opt/venv \
    OPENBLAS_NUM_THREADS=1 \
    PYTHONPATH=/srv/callwise \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
COPY --chmod=0755 deploy/install deploy/healthy deploy/with-account deploy/make-secrets /usr/local/bin/
WORKDIR /srv/callwise
USER 10001:10001
ENTRYPOINT ["with-account"]

# --- tools that need nothing of ours ------------------------------------------------------------------------------
FROM base AS prefect
USER root
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/prefect.txt,target=/mnt/requirements/prefect.txt \
    --mount=type=cache,target=/var/cache/uv \
    install prefect
COPY deploy/prefect_server.py prefect_server.py
USER 10001:10001
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: Prefect server" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

FROM base AS evidently
USER root
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/evidently.txt,target=/mnt/requirements/evidently.txt \
    --mount=type=cache,target=/var/cache/uv \
    install evidently
USER 10001:10001
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: Evidently UI" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

# Caddy's own binary on our base image. In the published image the binary has a file capability
# (cap_net_bind_service) and does not start without that capability; the copy here has none and needs none, because it
# listens on ports above 1024.
FROM base AS caddy
USER root
RUN --mount=from=caddy-published,source=/usr/bin/caddy,target=/mnt/caddy \
    cp /mnt/caddy /usr/local/bin/caddy && chmod 0755 /usr/local/bin/caddy
COPY --chmod=0755 deploy/open-door /usr/local/bin/
COPY deploy/Caddyfile /etc/caddy/Caddyfile
ENV XDG_DATA_HOME=/var/lib/callwise/caddy \
    XDG_CONFIG_HOME=/tmp
USER 10001:10001
ENTRYPOINT []
CMD ["open-door"]
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: the door (Caddy)" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

# --- what our services share --------------------------------------------------------------------------------------
FROM base AS core
USER root
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/core.txt,target=/mnt/requirements/core.txt \
    --mount=type=cache,target=/var/cache/uv \
    install core

FROM core AS model
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/model.txt,target=/mnt/requirements/model.txt \
    --mount=type=cache,target=/var/cache/uv \
    install model

# --- our services -------------------------------------------------------------------------------------------------
FROM model AS mlflow
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/mlflow.txt,target=/mnt/requirements/mlflow.txt \
    --mount=type=cache,target=/var/cache/uv \
    install mlflow
USER 10001:10001
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: MLflow server" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

# The libraries for models have the versions of `model`, but MLServer needs an older FastAPI than MLflow has there.
FROM core AS serving
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/serving.txt,target=/mnt/requirements/serving.txt \
    --mount=type=cache,target=/var/cache/uv \
    install serving
COPY data/schema.yaml data/schema.yaml
COPY core core
COPY serving serving
# MLServer reads its settings from files. It listens on all addresses of its container, in networks of the appliance
# alone.
RUN python -m compileall -q core serving \
 && python -m serving.config mlserver --host 0.0.0.0 --http-port 8080 --grpc-port 8081 --metrics-port 8082
USER 10001:10001
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: scoring" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

FROM model AS monitor
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/monitor.txt,target=/mnt/requirements/monitor.txt \
    --mount=type=cache,target=/var/cache/uv \
    install monitor
COPY data/schema.yaml data/economy.yaml data/
COPY core core
COPY monitor monitor
RUN python -m compileall -q core monitor
USER 10001:10001
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: monitor" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

FROM model AS app
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/app.txt,target=/mnt/requirements/app.txt \
    --mount=type=cache,target=/var/cache/uv \
    install app
COPY data/schema.yaml data/schema.yaml
COPY core core
COPY app app
RUN python -m compileall -q core app
USER 10001:10001
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: the screens" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

FROM core AS api
USER root
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/api.txt,target=/mnt/requirements/api.txt \
    --mount=type=cache,target=/var/cache/uv \
    install api
COPY data/schema.yaml data/schema.yaml
COPY core core
COPY api api
RUN python -m compileall -q core api
USER 10001:10001
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: the API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

FROM model AS trainer
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/trainer.txt,target=/mnt/requirements/trainer.txt \
    --mount=type=cache,target=/var/cache/uv \
    install trainer

FROM trainer AS worker
COPY data/schema.yaml data/schema.yaml
COPY requirements/trainer.txt requirements/trainer.txt
COPY deploy/prefect_worker.py prefect_worker.py
COPY core core
COPY trainer trainer
RUN python -m compileall -q core trainer
USER 10001:10001
ARG VERSION REVISION
# Part of the lineage of every model that is trained here.
ENV CALLWISE_CODE_VERSION=$VERSION+$REVISION
LABEL org.opencontainers.image.title="Callwise: training (Prefect worker)" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

# The worker with what a Dask cluster needs: its scheduler, its workers, and who sends them work (compose.dask.yaml).
FROM worker AS dask
USER root
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/dask.txt,target=/mnt/requirements/dask.txt \
    --mount=type=cache,target=/var/cache/uv \
    install dask
COPY app/__init__.py app/__init__.py
COPY app/file_scores app/file_scores
RUN mkdir -p /var/lib/callwise/scores \
 && chown callwise:callwise /var/lib/callwise/scores \
 && python -m compileall -q app
USER 10001:10001
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: Dask cluster" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION

# Sets the appliance up, backs it up, and runs the check as people use it, so it has the libraries of all services.
FROM trainer AS bootstrap
RUN --mount=from=installer,source=/opt/installer,target=/mnt/installer \
    --mount=type=bind,source=requirements/bootstrap.txt,target=/mnt/requirements/bootstrap.txt \
    --mount=type=cache,target=/var/cache/uv \
    install bootstrap
# The variables of .env, which a backup keeps.
COPY .env.example .env.example
COPY data data
COPY core core
COPY monitor monitor
COPY trainer trainer
COPY bootstrap bootstrap
RUN python -m compileall -q core monitor trainer bootstrap
USER 10001:10001
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Callwise: set-up" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION
