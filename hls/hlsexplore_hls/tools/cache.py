"""The store of kept results, under the name that the compiler of XLS imports it by."""

from hlsexplore.cache import content_key, load, store

__all__ = ["content_key", "load", "store"]
