#!/usr/bin/env bash
# Trains on several machines of a Slurm cluster, from the checkout on a drive that all of them see:
#
#   sbatch --nodes 4 --gpus-per-node 8 training/cluster/slurm.sh CONFIG RUN --data FOLDER
#
# A job whose time is up saves its state and is queued again; it goes on where it ended.
# PYTHON names the Python of the virtual environment; default: .venv/bin/python.
#SBATCH --job-name=wavemend
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@300
set -euo pipefail

if [ $# -lt 2 ]; then
    echo "usage: sbatch training/cluster/slurm.sh CONFIG RUN --data FOLDER" >&2
    exit 2
fi
config=$1 run=$2
shift 2
mkdir -p "$run"
resume=()
if [ -e "$run/last.pt" ]; then resume=(--resume); fi
mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")

requeue= # every process sees the file "stop", and the first one saves
trap 'requeue=1; touch "$run/stop"' USR1

srun --kill-on-bad-exit=1 "${PYTHON:-.venv/bin/python}" -m torch.distributed.run \
    --nnodes "$SLURM_NNODES" --nproc_per_node "${SLURM_GPUS_ON_NODE:-1}" \
    --rdzv_backend c10d --rdzv_endpoint "${nodes[0]}:29500" --rdzv_id "$SLURM_JOB_ID" \
    -m -- training run "$config" --run "$run" "${resume[@]}" "$@" &
step=$!

ended=0
wait "$step" || ended=$?
if [ -n "$requeue" ]; then # the signal has ended the first wait
    ended=0
    wait "$step" || ended=$?
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$ended"
