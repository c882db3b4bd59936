"""Helpers without a domain: files, caches, threads, progress."""
