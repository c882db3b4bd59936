"""Streaming designs: the order of beats, what stands between them, and when they move."""
