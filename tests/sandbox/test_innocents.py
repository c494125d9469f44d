"""What honest submissions do is allowed, and accuses nobody."""

import pytest

from gradverify.sandbox import Status
from tests.sandbox.conftest import Run

HONEST = {
    "imports_inside_functions": """
def f():
    import json, decimal, statistics, sqlite3, unittest, http.client, uuid
    return 1.0
""",
    "lazy_parts_of_numpy": """
import numpy as np
def f():
    import numpy.polynomial
    np.testing.assert_allclose(np.fft.ifft(np.fft.fft([1.0, 2.0])).real, [1, 2])
    return np.linalg.svd(np.ones((50, 50)))[1][0] + np.random.default_rng(0).normal()
""",
    "threads": """
from concurrent.futures import ThreadPoolExecutor
def f():
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(abs, [-1.0, 2.0]))
""",
    "an_event_loop": """
import asyncio
async def wait():
    await asyncio.sleep(0.001)
    return 3.0
def f():
    return asyncio.run(wait())
""",
    "files_in_its_own_folder": """
import os, shutil, tempfile
import numpy as np
def f():
    np.save("mine.npy", np.ones(3))
    os.makedirs("plots/day", exist_ok=True)
    shutil.copy2("mine.npy", "plots/day/copy.npy")
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "log"), "w") as file:
        file.write("x")
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    found = np.load("plots/day/copy.npy")
    shutil.rmtree("plots")
    os.rename("mine.npy", "yours.npy")
    os.remove("yours.npy")
    return found
""",
    "its_own_source": """
import inspect
def f():
    print(open(__file__).read(), inspect.getsource(f))
    return 1.0
""",
    "a_traceback": """
import traceback, warnings
def f():
    try:
        1 / 0
    except ZeroDivisionError:
        traceback.print_exc()
        traceback.print_stack()
    warnings.warn("odd", stacklevel=3)
    return 1.0
""",
    "a_missing_file_of_its_own": """
def f():
    for name in ("data.csv", "/home/ada-who-is-nobody/data.csv", "C:\\\\data.csv"):
        try:
            open(name)
        except OSError:
            pass
    return 1.0
""",
    "a_path_for_modules": """
import sys, os
sys.path.append("..")
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
try:
    import helpers
except ImportError:
    helpers = None
def f():
    return 1.0
""",
    "an_optional_package": """
try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None
def f():
    return 1.0
""",
    "the_time_and_the_machine": """
import datetime, locale, os, platform, time
def f():
    print(time.localtime(), datetime.datetime.now(), platform.platform(), os.cpu_count(), locale.getlocale())
    return 1.0
""",
    "its_own_environment": """
import os
def f():
    os.environ["MODE"] = "x"
    return float(len(os.environ["MODE"]))
""",
    "standard_input": """
def f():
    try:
        return float(input("x? "))
    except EOFError:
        return 1.0
""",
    "signals_to_itself": """
import os, signal
def f():
    signal.signal(signal.SIGUSR1, lambda *_: None)
    os.kill(os.getpid(), signal.SIGUSR1)
    return 1.0
""",
}


@pytest.mark.parametrize("name", HONEST)
def test_nobody_is_accused_who(name: str, run: Run) -> None:
    answer = run(HONEST[name])
    assert (answer.status, answer.tried) == (Status.OK, ()), answer
