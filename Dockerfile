# One image for every service: `docker run hotline services.dispatch`. Built in two stages, run without root.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /opt/venv
COPY requirements.lock ./
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml ./
COPY shared shared
COPY services services
COPY hotline hotline
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation -e . \
    && /opt/venv/bin/python -m services.desk.assets

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --no-create-home hotline \
    && install -d -o 10001 -g 10001 /var/lib/hotline
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY policy /app/policy
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOTLINE_HOST=0.0.0.0 \
    HOTLINE_STATE_DIR=/var/lib/hotline \
    HOTLINE_POLICY_DIR=/app/policy
WORKDIR /app
USER 10001:10001
VOLUME /var/lib/hotline
EXPOSE 8000
ENTRYPOINT ["python", "-m"]
CMD ["services.desk"]
