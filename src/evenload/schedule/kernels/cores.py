"""How many threads compiled code may use here; ``NUMBA_NUM_THREADS`` says otherwise."""

from numba import get_num_threads


def cores() -> int:
    """Cores this process may use, as Numba counts them."""
    return int(get_num_threads())
