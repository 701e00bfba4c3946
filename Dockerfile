# Graylight in a container: the bot alone, as nobody, without anything that could build or install.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV UV_PROJECT_ENVIRONMENT=/opt/graylight \
    UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy
RUN python -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir uv==0.13.9
WORKDIR /src
# The dependencies first: they change seldom, and are a layer of their own.
COPY pyproject.toml uv.lock README.md ./
RUN /opt/uv/bin/uv sync --quiet --frozen --no-dev --no-install-project --no-cache --compile-bytecode --python python3
COPY strategies strategies
COPY bot bot
# The client's generated models are never used: their bytecode would be most of the layer.
RUN /opt/uv/bin/uv sync --quiet --frozen --no-dev --no-editable --no-cache --compile-bytecode --python python3 \
    && find /opt/graylight -path '*/kubernetes/*' \( -path '*/client/models/*' -o -path '*/client/api/*' \) -name '*.pyc' ! -name '__init__*' -delete

FROM ${BASE}
COPY --from=build /opt/graylight /opt/graylight
# Its bytecode is compiled above; the file system is read-only where deploy/ runs it.
ENV PATH=/opt/graylight/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /
ENTRYPOINT ["graylight"]
CMD ["run"]
