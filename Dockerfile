# The workbench on a CPU: `docker build -t wavemend . && docker run -p 7860:7860 wavemend`
FROM python:3.12-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ffmpeg \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 user

WORKDIR /home/user/app
COPY requirements.txt .
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \
        torch==2.11.0+cpu torchaudio==2.11.0+cpu -r requirements.txt

COPY --chown=user app.py LICENSE ./
COPY --chown=user assets assets
COPY --chown=user checkpoints checkpoints
COPY --chown=user models models
COPY --chown=user pipeline pipeline
COPY --chown=user training training
COPY --chown=user ui ui

USER 1000
ENV GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    WAVEMEND_RUNS=/home/user/runs \
    PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/health')"]
CMD ["python", "app.py"]
