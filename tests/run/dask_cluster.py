"""A dask scheduler with two workers on loopback: `python -m tests.run.dask_cluster` prints its address and waits."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    import dask
    from distributed import LocalCluster

    # A task whose worker died goes back to gradverify at once, rather than to three more workers first.
    dask.config.set({"distributed.scheduler.allowed-failures": 0})

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
