"""The executors that gradverify knows by name, besides its own pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any


class SerialExecutor(Executor):
    """One batch after another, each when it is handed over."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it now."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)
        return future


class DaskExecutor(Executor):
    """The workers of a dask scheduler; the connection is closed with the executor."""

    def __init__(self, address: str) -> None:
        """address: `tcp://host:8786`. Raises what dask raises when nobody answers there."""
        from distributed import Client

        self._client = Client(address)
        self._executor = self._client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """On any of the workers."""
        future: Future[Any] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the connection; the cluster goes on."""
        self._executor.shutdown(wait=wait and not cancel_futures)  # without waiting it cancels
        self._client.close()


def dask(address: str) -> Executor:
    """`--executor dask:tcp://host:8786`."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise ModuleNotFoundError("dask's scheduler is not installed: pip install gradverify[dask]") from None
    if not address:
        raise ValueError("name the scheduler: dask:tcp://host:8786")
    return DaskExecutor(address)


def mpi(workers: str) -> Executor:
    """`--executor mpi`, or `mpi:N` for at most N workers: mpi4py.futures."""
    try:
        from mpi4py.futures import MPIPoolExecutor
    except ImportError:
        raise ModuleNotFoundError("mpi4py is not installed: pip install mpi4py") from None
    executor: Executor = MPIPoolExecutor(int(workers) if workers else None)
    return executor


def serial(_text: str) -> Executor:
    """`--executor serial`: one batch after another."""
    return SerialExecutor()


EXECUTORS: Mapping[str, Callable[[str], Executor]] = {"serial": serial, "dask": dask, "mpi": mpi}
