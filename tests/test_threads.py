import threading

import numpy as np
import threadpoolctl

from hlsexplore.support.threads import one_blas_thread


def blas_threads():
    """Threads of numpy's own BLAS; other packages that a test run has loaded bring more of them."""
    np.ones((2, 2)) @ np.ones((2, 2))
    found = {item["num_threads"] for item in threadpoolctl.threadpool_info() if "numpy" in item["filepath"]}
    assert found
    return found


def test_one_blas_thread_holds_for_nested_and_concurrent_users_and_ends_with_the_last() -> None:
    before = blas_threads()
    inside, leave = threading.Event(), threading.Event()

    @one_blas_thread()
    def work() -> None:
        inside.set()
        leave.wait(10)

    thread = threading.Thread(target=work)
    with one_blas_thread():
        thread.start()
        assert inside.wait(10)
        assert blas_threads() == {1}
    assert blas_threads() == {1}
    leave.set()
    thread.join()
    assert blas_threads() == before
