"""What hypothesis draws in several tests."""

from hypothesis import strategies as st

from hlsexplore.fixed import Fixed, Overflow, Rounding


def fixed_types(width: st.SearchStrategy[int], integer: st.SearchStrategy[int]) -> st.SearchStrategy[Fixed]:
    """Draw types of every rounding and overflow, signed and not, with these bits and integer bits."""
    modes = st.sampled_from(list(Rounding)), st.sampled_from(list(Overflow))
    return st.builds(Fixed, width, integer, st.booleans(), *modes)
