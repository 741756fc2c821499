# One image for every part: the web server by default, workers by another command (see compose.yaml).
FROM python:3.13.9-slim-bookworm AS packages
COPY requirements.txt .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.13.9-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /shop shop \
    && mkdir -p /shop/var \
    && chown shop:shop /shop/var
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 SHOP_ENV=production SHOP_DATA=/shop/var PORT=8000
WORKDIR /shop
COPY . .
USER shop
EXPOSE 8000
# Threads, since a request mostly waits for the database; heartbeats on memory, since a disk may stall.
CMD ["sh", "-c", "exec gunicorn shop.wsgi --bind 0.0.0.0:$PORT --workers 2 --threads 4 --worker-tmp-dir /dev/shm"]
